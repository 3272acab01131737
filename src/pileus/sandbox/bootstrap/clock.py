"""Shows a function the platform's clock instead of the machine's."""


def install(path: str) -> None:
    pass
