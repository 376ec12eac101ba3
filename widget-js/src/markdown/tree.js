/** A tree of allowed elements, and its rendering. No other tags are ever created. */

/** @typedef {{ tag: string, attrs?: { [name: string]: string }, kids: VNode[] }} VElement */
/** @typedef {string | VElement} VNode */

/**
 * Append a node, joining adjacent texts.
 * @param {VNode[]} list
 * @param {VNode} node
 */
export function push(list, node) {
  const last = list.length - 1;
  if (typeof node === "string" && typeof list[last] === "string") list[last] += node;
  else if (node !== "") list.push(node);
}

/**
 * Make `child` of `parent` look like `node`, with as few changes to the document as possible.
 * @param {Element} parent
 * @param {ChildNode | null} child null: append
 * @param {VNode} node
 */
export function patch(parent, child, node) {
  const doc = parent.ownerDocument;
  // Not of the document itself: user content may have an element with this name.
  const { createElement, createTextNode } = Object.getPrototypeOf(doc);
  if (typeof node === "string") {
    if (child?.nodeType !== 3) put(parent, child, createTextNode.call(doc, node));
    else if (child.nodeValue !== node) child.nodeValue = node;
    return;
  }
  let element = /** @type {Element} */ (child);
  if (child?.nodeName.toLowerCase() !== node.tag) {
    element = createElement.call(doc, node.tag);
    put(parent, child, element);
  }
  for (const name of element.getAttributeNames()) {
    if (!node.attrs || !(name in node.attrs)) element.removeAttribute(name);
  }
  for (const name in node.attrs) {
    if (element.getAttribute(name) !== node.attrs[name])
      element.setAttribute(name, node.attrs[name]);
  }
  let at = element.firstChild;
  for (const kid of node.kids) {
    const next = at?.nextSibling ?? null;
    patch(element, at, kid);
    at = next;
  }
  trim(at);
}

/** @param {Element} parent @param {ChildNode | null} child @param {Element | Text} fresh */
function put(parent, child, fresh) {
  if (child) child.replaceWith(fresh);
  else parent.append(fresh);
}

/**
 * Remove a node and its following siblings. Browsers recount `childNodes` after each change, so
 * its length, or access by index, would take quadratic time.
 * @param {ChildNode | null} node
 */
export function trim(node) {
  while (node) {
    const next = node.nextSibling;
    node.remove();
    node = next;
  }
}
