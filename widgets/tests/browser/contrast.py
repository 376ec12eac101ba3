"""How much the text of the widget stands out, as the browser has painted it.

axe can't tell behind a shadow root: it counts every text there as undecided.
"""

from playwright.async_api import Page

# Each text's own colour on all that is painted behind it, by WCAG's formula; large text needs less.
MEASURE = """() => {
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const over = (top, under) =>
    [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const luminance = (color) => {
    const [r, g, b] = color.map((part) => {
      const value = part / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    const layers = [];
    for (let each = node; each instanceof Element; each = each.parentElement) {
      const layer = parse(getComputedStyle(each).backgroundColor);
      layers.push(layer);
      if (layer[3] === 1) break;
    }
    return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255, 1]);
  };
  const { shadowRoot } = document.querySelector("loquent-widget");
  const found = [];
  let seen = 0;
  for (const node of shadowRoot.querySelectorAll("*")) {
    const text = [...node.childNodes]
      .filter((each) => each.nodeType === 3 && each.data.trim())
      .map((each) => each.data.trim())
      .join(" ");
    const { color, fontSize, fontWeight, clipPath } = getComputedStyle(node);
    if (!text || node.disabled || clipPath !== "none" || !node.checkVisibility()) continue;
    seen += 1;
    const background = behind(node);
    const [high, low] = [luminance(over(parse(color), background)), luminance(background)].sort(
      (a, b) => b - a,
    );
    const ratio = (high + 0.05) / (low + 0.05);
    const size = parseFloat(fontSize);
    const needed = size >= 24 || (size >= 18.66 && fontWeight >= 700) ? 3 : 4.5;
    if (ratio < needed) found.push(`${ratio.toFixed(2)}: ${text.slice(0, 40)}`);
  }
  if (seen < 3) throw new Error(`Only ${seen} texts were seen.`);
  return found;
}"""


async def faint_texts(page: Page) -> list[str]:
    """Texts of the widget that are too faint, each with its contrast."""
    found: list[str] = await page.evaluate(MEASURE)
    return found
