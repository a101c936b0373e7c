"""How faulty blocks and the laws that must catch them are listed."""


def each(kind, *pairs):
    """A block of a kind for each place of its fault, and the law that must catch it."""
    return [(kind(fault=fault), law) for fault, law in pairs]


def hashed(self):
    """A hash, which is the address of the block where that is its fault."""
    return id(self) if self.fault == "hashed by its identity" else 7


def handed_on(*names):
    """The methods that a faulty block hands on to the correct one that it holds as `plain`."""
    return [lambda self, *args, _name=name, **given: getattr(self.plain, _name)(*args, **given) for name in names]
