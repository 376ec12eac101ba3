"""What to paste where: the embed code and how each kind of site takes it."""

import json
from dataclasses import dataclass
from html import escape
from typing import Any

from django.conf import settings
from django.utils import timezone

from loquent.errors import invalid
from loquent.text import is_blank, strip_invisible
from widgets.models import WidgetConfig

# The options of the embed code that a form offers, with their values; the first is the default.
# docs/widget.md describes them all.
MAX_LAUNCHER_TEXT = 40
CHOICES = {
    "launcherIcon": {
        "chat": "Speech bubble",
        "question": "Question mark",
        "spark": "Spark",
        "support": "Headset",
        "mail": "Envelope",
    },
    "theme": {"auto": "As on the visitor's device", "light": "Light", "dark": "Dark"},
    "sound": {"on": "On", "off": "Off"},
}


@dataclass(frozen=True, slots=True)
class Platform:
    """A kind of site: its name, where to paste, the code, and what else to know there."""

    key: str
    name: str
    steps: tuple[str, ...]
    code: str
    note: str = ""

    @property
    def rows(self) -> int:
        """The height of a field that shows all of the code."""
        return self.code.count("\n") + 1


def save_embed_options(*, widget: WidgetConfig, options: dict[str, str]) -> WidgetConfig:
    """Store the options of the embed code; raise `invalid` that names the option at fault.

    Values equal to the default are left out of the code.
    """
    text = strip_invisible(options.get("launcherText", ""))
    errors = {}
    if len(text) > MAX_LAUNCHER_TEXT:
        errors["launcherText"] = [f"Use at most {MAX_LAUNCHER_TEXT} characters."]
    kept = {} if is_blank(text) else {"launcherText": text}
    for name, values in CHOICES.items():
        default = next(iter(values))
        value = options.get(name) or default
        if value not in values:
            errors[name] = [f"Choose one of these: {', '.join(values.values())}."]
        elif value != default:
            kept[name] = value
    if errors:
        raise invalid(errors)
    widget.embed_options = kept
    widget.look_saved_at = timezone.now()
    # Not `updated_at`: the widget's settings, which editors compare by it, are unchanged.
    widget.save(update_fields=["embed_options", "look_saved_at"])
    return widget


def embed_attributes(widget: WidgetConfig) -> dict[str, str]:
    """Return the options of a widget's embed code as attributes of the script tag."""
    options: dict[str, str] = widget.embed_options
    return {f"data-{_dashed(name)}": value for name, value in sorted(options.items())}


def embed_code(widget: WidgetConfig) -> str:
    """Return the script tag to paste before `</body>` of a page."""
    attributes = "".join(
        f' {name}="{escape(value)}"' for name, value in embed_attributes(widget).items()
    )
    return f'<script src="{_script()}" data-widget="{widget.widget_id}"{attributes}></script>'


def platforms(widget: WidgetConfig) -> list[Platform]:
    """Return how to install a widget on each kind of site, the plain one first."""
    tag = embed_code(widget)
    options = {"host": settings.SITE_URL, "widget": widget.widget_id, **widget.embed_options}
    return [
        Platform(
            "html",
            "HTML",
            (
                "Copy the code.",
                "Paste it just before </body> on every page that should show the chat.",
            ),
            tag,
        ),
        Platform(
            "wordpress",
            "WordPress",
            (
                "Copy the code.",
                "Open Appearance › Theme File Editor and choose functions.php of your child theme. "
                "Paste the code at the end and save. If your theme has a field for footer scripts, "
                "paste the HTML code there instead.",
                "If a plug-in bundles or delays scripts, exclude the address of this script in it.",
            ),
            f"add_action('wp_footer', function () {{\n    echo {_php(tag)};\n}});",
        ),
        Platform(
            "shopify",
            "Shopify",
            (
                "Copy the code.",
                "Open Online Store › Themes › ⋯ › Edit code and choose layout/theme.liquid.",
                "Paste the code just before </body> and save.",
            ),
            tag,
            "If only certain websites can show the chat, allow your own domain and your "
            "myshopify.com address.",
        ),
        Platform(
            "wix",
            "Wix",
            (
                "Copy the code.",
                "Open Settings › Custom code › Add custom code.",
                "Paste the code, apply it to all pages, and place it in “Body – end”.",
            ),
            tag,
        ),
        Platform(
            "squarespace",
            "Squarespace",
            (
                "Copy the code.",
                "Open Website › Website tools › Code injection.",
                "Paste the code into “Footer” and save.",
            ),
            tag,
        ),
        Platform(
            "gtm",
            "Tag Manager",
            (
                "Copy the code.",
                "Create a tag of the type “Custom HTML” and paste the code.",
                "Choose the trigger “All Pages”, save and publish.",
            ),
            _tag_manager(options),
        ),
        Platform(
            "react",
            "React",
            (
                "Copy the component into your project.",
                "Render <LoquentChat /> once, for example in your app's root component.",
            ),
            _react(options),
        ),
        Platform(
            "vue",
            "Vue",
            (
                "Save this as LoquentChat.vue.",
                "Use <LoquentChat /> once, for example in App.vue.",
            ),
            _vue(options),
        ),
        Platform(
            "next",
            "Next.js",
            ("Copy the code.", "Render it in app/layout.tsx, at the end of <body>."),
            _next(widget),
        ),
    ]


def chat_address(widget: WidgetConfig) -> str:
    """Return the address of the widget's own page, for links and QR codes."""
    return f"{settings.SITE_URL}/chat/{widget.widget_id}"


def _script() -> str:
    return f"{settings.SITE_URL}/api/widget/embed.js"


def _dashed(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)


def _php(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _json(value: Any) -> str:
    # Safe inside a script element as well.
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _mounting(options: dict[str, str], indent: str) -> str:
    lines = (
        "window.Loquent = window.Loquent || [];",
        f'window.Loquent.push(["mount", {_json(options)}]);',
        'const script = document.createElement("script");',
        f"script.src = {_json(_script())};",
        "document.head.append(script);",
    )
    return "\n".join(indent + line for line in lines)


def _tag_manager(options: dict[str, str]) -> str:
    # Tag Manager accepts no `const` in custom HTML, and drops the attributes of script tags.
    body = _mounting(options, "    ").replace("const script", "var script")
    body = body.replace("document.head.append(", "document.head.appendChild(")
    return f"<script>\n  (function () {{\n{body}\n  }})();\n</script>"


def _react(options: dict[str, str]) -> str:
    return (
        'import { useEffect } from "react";\n\n'
        "export function LoquentChat() {\n"
        "  useEffect(() => {\n"
        f"{_mounting(options, '    ')}\n"
        "    return () => { script.remove(); window.Loquent.destroy?.(); };\n"
        "  }, []);\n"
        "  return null;\n"
        "}"
    )


def _vue(options: dict[str, str]) -> str:
    return (
        "<script setup>\n"
        'import { onMounted, onUnmounted } from "vue";\n\n'
        "onMounted(() => {\n"
        f"{_mounting(options, '  ')}\n"
        "});\n"
        "onUnmounted(() => window.Loquent.destroy?.());\n"
        "</script>\n\n"
        "<template></template>"
    )


def _next(widget: WidgetConfig) -> str:
    attributes = {"data-widget": widget.widget_id, **embed_attributes(widget)}
    lines = "".join(f"\n  {name}={_jsx(value)}" for name, value in attributes.items())
    return (
        'import Script from "next/script";\n\n'
        f'<Script\n  src="{_script()}"{lines}\n  strategy="afterInteractive"\n/>'
    )


def _jsx(value: str) -> str:
    return f'"{escape(value)}"' if "{" not in value else f"{{{_json(value)}}}"
