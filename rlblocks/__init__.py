"""rlblocks: reinforcement learning assembled from interchangeable parts."""
