"""Providers of models whose addresses the form of a connection knows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preset:
    """A provider. `keys_url`: where its API keys are made; empty for a server of one's own."""

    name: str
    base_url: str
    keys_url: str = ""


# Addresses of OpenAI-compatible APIs, from the documentation of each provider.
PRESETS = (
    Preset("OpenAI", "https://api.openai.com/v1", "https://platform.openai.com/api-keys"),
    Preset("Azure OpenAI", "https://YOUR-RESOURCE.openai.azure.com/openai/v1"),
    Preset("Anthropic", "https://api.anthropic.com/v1", "https://console.anthropic.com/"),
    Preset(
        "Google Gemini",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "https://aistudio.google.com/apikey",
    ),
    Preset("Mistral", "https://api.mistral.ai/v1", "https://console.mistral.ai/api-keys"),
    Preset("OpenRouter", "https://openrouter.ai/api/v1", "https://openrouter.ai/keys"),
    Preset("Groq", "https://api.groq.com/openai/v1", "https://console.groq.com/keys"),
    Preset("Ollama", "http://127.0.0.1:11434/v1"),
    Preset("vLLM", "http://127.0.0.1:8000/v1"),
    Preset("LM Studio", "http://127.0.0.1:1234/v1"),
)
