"""Config files: reading them safely, naming their keys, handing them on as files."""

from mmwsss.config.errors import ConfigError
from mmwsss.config.reading import read_config
from mmwsss.config.writing import write_config

__all__ = ['ConfigError', 'read_config', 'write_config']
