/** A tree of what may be shown, and its way into the document. The only tags are those made here. */

/** @typedef {{ tag: string, attrs?: { [name: string]: string }, kids: VNode[] }} VElement */
/** @typedef {string | VElement} VNode */

/**
 * Appends, joining neighbouring texts.
 * @param {VNode[]} list
 * @param {VNode} node
 */
export function push(list, node) {
  const last = list.length - 1;
  if (typeof node === "string" && typeof list[last] === "string") list[last] += node;
  else if (node !== "") list.push(node);
}

/**
 * Makes `child` of `parent` look like `node`, touching no more of the document than has changed.
 * @param {Element} parent
 * @param {ChildNode | null} child null: append
 * @param {VNode} node
 */
export function patch(parent, child, node) {
  const doc = parent.ownerDocument;
  if (typeof node === "string") {
    if (child?.nodeType !== 3) put(parent, child, doc.createTextNode(node));
    else if (child.nodeValue !== node) child.nodeValue = node;
    return;
  }
  let element = /** @type {Element} */ (child);
  if (child?.nodeName.toLowerCase() !== node.tag) {
    element = doc.createElement(node.tag);
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
 * Removes a node and those after it. Browsers count `childNodes` anew after each change, so that
 * their number, or one by its number, would take quadratic time.
 * @param {ChildNode | null} node
 */
export function trim(node) {
  while (node) {
    const next = node.nextSibling;
    node.remove();
    node = next;
  }
}
