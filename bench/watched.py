"""A page that is open in a browser, and what the browser counts of it."""

from collections.abc import Mapping, Sequence

from playwright.sync_api import Browser, ViewportSize

DESKTOP = ViewportSize(width=1440, height=900)
PHONE = ViewportSize(width=375, height=812)

# As the Core Web Vitals define it: the largest sum of shifts that follow within a second of each
# other, in five seconds at most.
_OBSERVE_SHIFTS = """
    window.layoutShift = 0;
    let first = 0, last = 0, sum = 0;
    const add = ({ startTime, value }) => {
        if (startTime > last + 1000 || startTime > first + 5000) [first, sum] = [startTime, 0];
        last = startTime;
        sum += value;
        window.layoutShift = Math.max(window.layoutShift, sum);
    };
    const observer = new PerformanceObserver((list) => list.getEntries().forEach(add));
    observer.observe({ type: "layout-shift", buffered: true });
"""


class WatchedPage:
    """A page in a new context of a browser, with an empty cache.

    Args:
        browser: the browser.
        url: the address of the page.
        shown: the selector of an element that is shown once the page is complete.
        size: of the window.
        session: the key of its viewer's session.
    """

    def __init__(
        self,
        browser: Browser,
        url: str,
        shown: str,
        *,
        size: ViewportSize = DESKTOP,
        session: str = "",
    ) -> None:
        self._context = browser.new_context(viewport=size)
        if session:
            self._context.add_cookies([{"name": "sessionid", "value": session, "url": url}])
        self.page = self._context.new_page()
        self._browser = self._context.new_cdp_session(self.page)
        # The processor's time: what other programs use meanwhile is not counted.
        self._browser.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.page.add_init_script(_OBSERVE_SHIFTS)
        self.page.goto(url)
        self.page.wait_for_selector(shown)
        self._before: Mapping[str, float] = {}
        self._after: Mapping[str, float] = {}
        self._kept: Mapping[str, float] = {}

    def begin(self) -> None:
        """Begin to count."""
        self._browser.send("HeapProfiler.collectGarbage")
        self._before = self._read()

    def end(self) -> None:
        """End counting."""
        self._after = self._read()
        self._browser.send("HeapProfiler.collectGarbage")
        self._kept = self._read()

    def _read(self) -> Mapping[str, float]:
        metrics = self._browser.send("Performance.getMetrics")["metrics"]
        return {each["name"]: each["value"] for each in metrics}

    def spent(self, *names: str) -> float:
        """Return the seconds of the main thread for tasks of some kinds, as the browser names them.

        Args:
            *names: the kinds, such as ``LayoutDuration``; by default all tasks.
        """
        names = names or ("TaskDuration",)
        return sum(self._after[name] - self._before[name] for name in names)

    def grown(self, name: str) -> float:
        """Return by how much more is in use than before, after a garbage collection.

        Args:
            name: what, as the browser names it: ``JSHeapUsedSize``, ``Nodes``.
        """
        return self._kept[name] - self._before[name]

    @property
    def layout_shift(self) -> float:
        """Its cumulative layout shift since it was opened: good pages have 0.1 at most."""
        return float(self.page.evaluate("window.layoutShift"))

    def close(self) -> None:
        """Close the page."""
        self._context.close()


def watch(pages: Sequence[WatchedPage], settling: float, seconds: float) -> None:
    """Leave pages open side by side, and count after they have settled.

    Args:
        pages: the pages.
        settling: the seconds before.
        seconds: the seconds in which is counted.
    """
    pages[0].page.wait_for_timeout(1000 * settling)
    for each in pages:
        each.begin()
    pages[0].page.wait_for_timeout(1000 * seconds)
    for each in pages:
        each.end()
