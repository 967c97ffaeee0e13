// The tabs of the page. The address's hash names the one that is open.

const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -9, End: 9 };

// Bring the tabs in `page` to life. opened(name) is called whenever one is shown.
export function mountTabs(page, opened) {
  const tabs = [...page.querySelectorAll("[role=tab]")];
  const nameOf = (tab) => tab.getAttribute("aria-controls");

  function show(chosen) {
    for (const tab of tabs) {
      const isChosen = tab === chosen;
      tab.setAttribute("aria-selected", isChosen);
      tab.tabIndex = isChosen ? 0 : -1;
      page.querySelector(`#${nameOf(tab)}`).hidden = !isChosen;
    }
    opened(nameOf(chosen));
  }

  function choose(tab) {
    if (tab.getAttribute("aria-selected") !== "true") history.pushState(null, "", `#${nameOf(tab)}`);
    show(tab);
  }

  // A hash that does not name a tab, for example a drawing's, opens the first one.
  const follow = () => show(tabs.find((tab) => `#${nameOf(tab)}` === location.hash) ?? tabs[0]);

  tabs.forEach((tab, place) => {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      if (!step) return;
      event.preventDefault();
      const next = tabs[Math.max(0, Math.min(tabs.length - 1, place + step))];
      next.focus();
      choose(next);
    });
  });
  addEventListener("hashchange", follow);
  addEventListener("popstate", follow);
  follow();
}
