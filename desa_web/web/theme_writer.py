"""Jinja for the shipped themes: the same HTML with less work.

Half of the time of a page went into wrapping each value in `Markup` before it was joined to the
others, and into asking each imported template whether it was given globals of its own. Both are
left out here; fields of a page are read as Python reads them. What a macro wrote is kept, too:
imported without context it sees nothing but its arguments, and the card of an article stands on six
pages. tests/web/test_theme_writer.py compares every page with what plain Jinja writes. A site's own
themes are rendered by Jinja's own sandbox.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from keyword import iskeyword
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from jinja2 import Environment, Template
from jinja2.compiler import CodeGenerator, Frame
from jinja2.nodes import Expr, Getattr
from jinja2.runtime import Context, Macro
from markupsafe import Markup, escape

from desa_web.core.i18n import _, current_language
from desa_web.web.theme_filters import shown_zone

# About a kilobyte each; the cards of all pages that one article changes are fewer.
_KEPT = 200
_PLAIN = frozenset({FunctionType, MethodType, BuiltinFunctionType})
_SPECIAL = re.compile("[&<>\"']")


def written(value: Any) -> Any:
    """Return the value as it stands in HTML; what is safe already stays the object it is."""
    kind = type(value)
    if kind is str:
        return value if _SPECIAL.search(value) is None else escape(value)
    if kind is Markup:
        return value
    return str(value) if kind is int else escape(value)


class _Writer(CodeGenerator):
    """Writes `written(…)` where Jinja writes `escape(…)` around what goes into the page, and
    `page.title` where Jinja asks a function for the attribute or the item of that name.

    What shipped templates look into are dataclasses, which have no items; a field that is missing
    is an error with both.
    """

    def visit_Getattr(self, node: Getattr, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        if iskeyword(node.attr):
            super().visit_Getattr(node, frame)
            return
        self.write("(")
        self.visit(node.node, frame)
        self.write(f").{node.attr}")

    def _output_child_pre(self, node: Expr, frame: Frame, finalize: Any) -> None:
        if finalize.src is not None or frame.eval_ctx.volatile or not frame.eval_ctx.autoescape:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write("environment.written(")


class _SharedTemplate(Template):
    """A template whose module is made once: all of them share the environment's globals."""

    def _get_default_module(self, ctx: Any = None) -> Any:
        return super()._get_default_module(None)


class _Context(Context):
    """Calls macros and `_` without asking first which of their arguments Jinja has to fill in."""

    def call(self, __obj: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        kind = type(__obj)
        if kind is not Macro:
            if __obj is _:
                return _(args[0])
            # Only functions and methods: an object that can be called may ask for a context.
            if kind not in _PLAIN or hasattr(__obj, "jinja_pass_arg"):
                return super().call(__obj, *args, **kwargs)
            kwargs.pop("_block_vars", None)
            kwargs.pop("_loop_vars", None)
            return __obj(*args, **kwargs)
        kwargs.pop("_block_vars", None)
        kwargs.pop("_loop_vars", None)
        # Inside a macro everything is part of what that macro wrote.
        if "page" not in self.parent:
            return __obj(*args, **kwargs)
        return self.environment.kept.get(__obj, args, kwargs)  # type: ignore[attr-defined]


class _Kept:
    """What macros wrote, by their arguments."""

    def __init__(self) -> None:
        self._known: dict[Any, str] = {}

    def get(self, macro: Macro, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        """Return what the macro writes; one that wraps a block of its caller is always asked."""
        if "caller" in kwargs or not args:
            return macro(*args, **kwargs)
        key = (macro, args, *kwargs.items(), shown_zone(), current_language())
        try:
            found = self._known.get(key)
        except TypeError:
            # A list, for instance, cannot be a key.
            return macro(*args, **kwargs)
        if found is None:
            if len(self._known) >= _KEPT:
                self._known = {}
            found = self._known[key] = macro(*args, **kwargs)
        return found


class ShippedEnvironment(Environment):
    """The environment of themes that come with the program."""

    context_class = _Context

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.kept = _Kept()
        self._ready: dict[str, Template] = {}

    def get_template(self, name: Any, parent: str | None = None, globals: Any = None) -> Template:
        """Return the template, loaded once: each page asks for five, and none of them changes."""
        found = self._ready.get(name) if globals is None else None
        if found is None:
            found = super().get_template(name, parent, globals)
            if globals is None:
                self._ready[name] = found
        return found

    code_generator_class = _Writer
    template_class = _SharedTemplate
    written = staticmethod(written)
