"""The script that finds elements by role and accessible name, in any engine.

It covers the roles and names that this product's pages use, and looks into open shadow roots. In
Chromium, the tests with Playwright compare roles and names with those of the browser itself.
"""

# find(query): query is {role, name, within, contains}; see Screen.
FINDER = """(query) => {
  const SELECTORS = {
    alert: "[role=alert]",
    article: "article",
    button: "button,[role=button],input[type=submit],summary",
    checkbox: "input[type=checkbox]",
    combobox: "select,[role=combobox]",
    dialog: "dialog,[role=dialog]",
    heading: "h1,h2,h3,h4,h5,h6,[role=heading]",
    link: "a[href]",
    list: "ul,ol",
    log: "[role=log]",
    row: "tr",
    tab: "[role=tab]",
    table: "table",
    textbox: "textarea,[role=textbox],input:not([type=checkbox],[type=radio],[type=hidden]," +
      "[type=submit],[type=button],[type=file],[type=color],[type=number],[type=range])",
    text: "*",
  };
  const NAMED_BY_CONTENT = ["button", "heading", "link", "row", "tab"];
  const normal = (text) => (text ?? "").replace(/\\s+/g, " ").trim();

  // Elements in document order, open shadow roots included.
  const all = (root, selector) => {
    const found = [];
    for (const element of root.querySelectorAll("*")) {
      if (element.matches(selector)) found.push(element);
      if (element.shadowRoot) found.push(...all(element.shadowRoot, selector));
    }
    return found;
  };
  const contentOf = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (node.nodeType !== Node.ELEMENT_NODE || node.ariaHidden === "true") return "";
    return node.ariaLabel || node.alt || [...node.childNodes].map(contentOf).join("");
  };
  const nameOf = (element) => {
    const labels = (element.getAttribute("aria-labelledby") ?? "")
      .split(" ")
      .map((id) => id && element.getRootNode().getElementById(id))
      .filter(Boolean);
    if (labels.length) return normal(labels.map(contentOf).join(" "));
    if (element.ariaLabel) return normal(element.ariaLabel);
    if (element.labels?.length) {
      // Django's labels end with a colon that is no part of a name people would say.
      return normal([...element.labels].map(contentOf).join(" ")).replace(/:$/, "");
    }
    if (element.type === "submit" && element.value) return normal(element.value);
    const content = NAMED_BY_CONTENT.includes(query.role) ? normal(contentOf(element)) : "";
    return content || normal(element.title || element.placeholder);
  };
  const isVisible = (element) =>
    element.checkVisibility({ visibilityProperty: true }) &&
    [...element.getClientRects()].some(({ width, height }) => width && height);
  const fits = (actual) =>
    query.contains ? actual.includes(query.name) : actual === query.name;
  const isText = (element) => {
    if (!/^(script|style|head|title)$/i.test(element.tagName) && fits(normal(element.textContent)))
      return ![...element.children].some((child) => fits(normal(child.textContent)));
    return false;
  };
  const topElementAt = (x, y) => {
    let top = document.elementFromPoint(x, y);
    while (top?.shadowRoot?.elementFromPoint(x, y)) {
      const inner = top.shadowRoot.elementFromPoint(x, y);
      if (inner === top) break;
      top = inner;
    }
    return top;
  };
  const focused = () => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    return element;
  };

  // Which element it is, from one look at the page to the next.
  window.lookedAt ??= new Map();
  const numberOf = (element) => {
    if (!lookedAt.has(element)) lookedAt.set(element, lookedAt.size);
    return lookedAt.get(element);
  };

  const isMatch = (element) =>
    query.role === "text"
      ? isText(element)
      : query.name === null || fits(nameOf(element));
  let roots = [document];
  if (query.within) {
    const [role, text] = query.within;
    roots = all(document, SELECTORS[role])
      .filter((element) => isVisible(element) && element.innerText.includes(text));
  }
  const found = query.role === "focus"
    ? [focused()]
    : roots
        .flatMap((root) => all(root, SELECTORS[query.role]))
        .filter((element) => isMatch(element) && isVisible(element));
  if (query.scroll) found[0]?.scrollIntoView({ block: "center", behavior: "instant" });
  return found.map((element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    const middle = [Math.round(x + width / 2), Math.round(y + height / 2)];
    return {
      number: numberOf(element),
      name: query.role === "focus" && !element.ariaLabel
        ? nameOf(element) || normal(contentOf(element))
        : nameOf(element),
      text: normal(element.innerText),
      value: element.value ?? "",
      tag: element.localName,
      direction: getComputedStyle(element).direction,
      attributes: Object.fromEntries(
        [...element.attributes].map(({ name, value }) => [name, value]),
      ),
      enabled: !element.matches(":disabled"),
      focused: element === focused(),
      middle,
      box: [x, y, width, height],
      // What a click there would hit: the element, not something that covers it.
      clickable: element.contains(topElementAt(...middle)),
    };
  });
}"""
