from setuptools import find_packages, setup

# `packages = find:` alone would silently drop the two folders that live at the top level.
extra = ["desa_web.themes", "desa_web.content"]
setup(packages=[*find_packages(include=["desa_web", "desa_web.*"]), *extra])
