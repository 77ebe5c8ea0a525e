"""A plug-in that breaks while it is imported, in a way of its own."""


class OutOfLuck(Exception):
    """Nothing that anybody could have expected."""


raise OutOfLuck("The licence of this plug-in has ended.")
