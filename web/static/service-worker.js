// Keeps copies of the page's files, so that it works without a network. `python -m web build` fills in the
// version and the files.

const PREFIX = `draw-a-digit ${registration.scope} `;
const VERSION = "{version}";
const CACHE = PREFIX + VERSION;
const FILES = "{files}";

addEventListener("install", (event) => {
  // The browser's cache may have older versions of the files.
  const fetched = FILES.map((file) => new Request(file, { cache: "reload" }));
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(fetched))
      .then(() => skipWaiting()),
  );
});

addEventListener("activate", (event) => {
  const stale = (names) => names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(stale(names).map((name) => caches.delete(name))))
      .then(() => clients.claim()),
  );
});

addEventListener("fetch", (event) => {
  if (event.request.method !== "GET" || !event.request.url.startsWith(registration.scope)) return;
  const kept = caches.open(CACHE).then((cache) => cache.match(event.request, { ignoreSearch: true }));
  event.respondWith(kept.then((found) => found ?? fetch(event.request)));
});
