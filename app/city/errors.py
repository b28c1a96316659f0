"""Why a city cannot be built, loaded or imported; each message is a sentence for its reader."""


class CityFilesError(Exception):
    """Files cannot become a city."""


class BundleError(CityFilesError):
    """The folder holds no bundle that can be loaded."""


class DemoError(CityFilesError):
    """The demo city cannot be made."""
