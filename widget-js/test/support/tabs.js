/** Let pages share one storage and its events. */

/** @param {any[]} pages from `openPage`; all get the storage of the first */
export function share(...pages) {
  const natives = pages.map(({ win }) => {
    const { setItem, removeItem } = win.Storage.prototype;
    return (key, value) =>
      value === null
        ? removeItem.call(win.localStorage, key)
        : setItem.call(win.localStorage, key, value);
  });
  pages.forEach(({ win }, at) => {
    const { prototype } = win.Storage;
    const { setItem, removeItem } = prototype;
    function change(key, newValue) {
      const oldValue = win.localStorage.getItem(key);
      natives[at](key, newValue);
      if (oldValue === newValue) return;
      pages.forEach((other, index) => {
        if (index === at) return;
        natives[index](key, newValue);
        const news = { key, oldValue, newValue };
        other.win.dispatchEvent(new other.win.StorageEvent("storage", news));
        other.draw();
      });
    }
    prototype.setItem = function (key, value) {
      if (this === win.localStorage) change(key, `${value}`);
      else setItem.call(this, key, value);
    };
    prototype.removeItem = function (key) {
      if (this === win.localStorage) change(key, null);
      else removeItem.call(this, key);
    };
  });
}
