"""The version of the kit: which laws there are, and what they ask."""

KIT_VERSION = "0.1"  # raised with every change by which a block that passed could fail; a law's `since` is one of these
