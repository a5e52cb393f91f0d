"""The measures by name, each a function from a plan to its rows."""

from collections.abc import Callable, Mapping, Sequence

from bench.measures.charts import charts
from bench.measures.crowd import crowd
from bench.measures.delivery import delivery
from bench.measures.opening import opening
from bench.measures.page import page
from bench.measures.polling import polling
from bench.measures.processes import processes
from bench.measures.pushpin import pushpin
from bench.measures.soak import soak
from bench.measures.viewing import viewing
from bench.plan import Plan
from bench.report import Row

MEASURES: Mapping[str, Callable[[Plan], Sequence[Row]]] = {
    each.__name__: each
    for each in (
        *(delivery, opening, pushpin, crowd, processes),
        *(polling, page, charts, viewing, soak),
    )
}
