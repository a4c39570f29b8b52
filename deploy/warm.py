"""Compile Gatehouse and every module that it imports, as part of building the image."""

import importlib
import pkgutil

import kubernetes.aio.config

import translator
import xds_server

assert kubernetes.aio.config
for package in (translator, xds_server):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
