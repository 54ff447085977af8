"""Draws charts as SVG with the standard library: panels of bars and of lines, ours marked, readable on light and on dark pages."""
import math
from xml.sax.saxutils import escape

WIDTH = 880
MARGIN = 24
GAP = 28

# (light, dark). Ours is the only warm and saturated colour; the others tell lines apart, and bars among themselves need none.
COLOURS = {
    "bg": ("#ffffff", "#0d1117"), "frame": ("#d0d7de", "#30363d"), "ink": ("#1f2328", "#e6edf3"), "soft": ("#59636e", "#9198a1"),
    "grid": ("#e4e8ec", "#21262d"), "ours": ("#d1480b", "#ff8f4a"), "kin": ("#eba684", "#96552f"), "bar": ("#a9bacd", "#4b5b6e"),
    "s0": ("#0969da", "#58a6ff"), "s1": ("#1a7f37", "#3fb950"), "s2": ("#8250df", "#bc8cff"), "s3": ("#a37500", "#d9a514"),
    "s4": ("#0b8a94", "#39c5cf"), "s5": ("#bf3989", "#f778ba"), "s6": ("#59636e", "#9198a1"), "s7": ("#6e7b1b", "#a9ba3b"), "s8": ("#3d4fa1", "#8c9eff"),
}
STROKED = {"frame", "grid"}


def style():
    def rules(index):
        return "".join(f".{name}{{{'stroke' if name in STROKED else 'fill'}:{pair[index]}}}" for name, pair in COLOURS.items()) \
            + "".join(f".l-{name}{{stroke:{pair[index]};fill:none}}" for name, pair in COLOURS.items() if name[0] == "s" or name == "ours")
    return ("<style>text{font:12px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif}.t{font-size:17px;font-weight:600}"
            ".h{font-size:13px;font-weight:600}.b{font-weight:700}.e{text-anchor:end}.m{text-anchor:middle}.n{font-size:11px}"
            + rules(0) + "@media(prefers-color-scheme:dark){" + rules(1) + "}</style>")


def number(value):
    """As many digits as tell something."""
    if value >= 9_995:
        return f"{value / 1000:,.0f}k" if value < 999_500 else f"{value / 1e6:.3g}M"
    return f"{value:,.0f}" if value >= 99.5 or value == int(value) else f"{value:.1f}" if value >= 9.95 else f"{value:.2f}"


class Drawing:
    def __init__(self, title, subtitle, note):
        self.title, self.note, self.parts = title, note, []
        self.text(MARGIN, 34, title, "ink t")
        self.text(MARGIN, 54, subtitle, "soft")
        self.top = 76

    def text(self, x, y, text, classes):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{classes}">{escape(text)}</text>')

    def line(self, x1, y1, x2, y2, classes):
        self.parts.append(f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" class="{classes}"/>')

    def write(self, path, height):
        height += 34
        self.text(MARGIN, height - 16, self.note, "soft n")
        with open(path, "w") as file:
            file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" height="{height:.0f}" role="img">'
                       f"<title>{escape(self.title)}</title>{style()}"
                       f'<rect x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1:.0f}" rx="8" class="bg"/>'
                       f'<rect x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1:.0f}" rx="8" fill="none" class="frame"/>'
                       + "\n".join(self.parts) + "</svg>\n")


def ours(label):
    return label.startswith(("EventLoop", "loop"))


def bars(path, title, subtitle, note, panels, columns=2, log=False, best="low", labels=120):
    """`panels`: (heading, [(label, value, remark)]). The best first. Ours is marked."""
    drawing = Drawing(title, subtitle, note)
    width = (WIDTH - 2 * MARGIN - (columns - 1) * GAP) / columns
    row_height, top, bottom = 21, drawing.top, drawing.top
    for index, (heading, rows) in enumerate(panels):
        if index % columns == 0:
            top = bottom
        left = MARGIN + index % columns * (width + GAP)
        rows = sorted(rows, key=lambda row: row[1] if best == "low" else -row[1])
        values = [row[1] for row in rows if row[1] > 0]
        if not values:
            continue
        # A logarithmic bar has no zero: it begins a little under the power of ten below the least, so that the shortest is seen.
        least = 10 ** (math.floor(math.log10(min(values)))) / 1.6 if log else 0
        most = max(values)
        room = width - labels - 62

        def length(value):
            if log:
                return room * math.log(max(value, least) / least) / max(math.log(most / least), 1e-9)
            return room * value / most

        drawing.text(left, top + 12, heading, "ink h")
        y = top + 22
        end = y + row_height * len(rows)
        ticks = [10 ** p for p in range(math.ceil(math.log10(least)), math.floor(math.log10(most)) + 1)] if log else []
        for tick in ticks:
            x = left + labels + length(tick)
            drawing.line(x, y, x, end, "grid")
            drawing.text(x, end + 13, number(tick), "soft n m")
        for label, value, remark in rows:
            mine = ours(label)
            fill = "ours" if mine else "bar"
            drawing.text(left + labels - 8, y + 14, label, f"{'ours b' if mine else 'ink'} e")
            drawing.parts.append(f'<rect x="{left + labels:.1f}" y="{y + 3:.1f}" width="{max(length(value), 1.5):.1f}" height="15" rx="2" class="{fill}"/>')
            drawing.text(left + labels + max(length(value), 1.5) + 6, y + 14, number(value) + remark, f"{'ours b' if mine else 'soft'}")
            y += row_height
        bottom = max(bottom, end + (34 if log else 20))
    drawing.write(path, bottom)


def spread_out(places, least):
    """Moves labels apart, up and down in turn, as little as is needed; keeps their order."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = list(places)
    for _ in range(200):
        quiet = True
        for a, b in zip(order, order[1:]):
            gap = moved[b] - moved[a]
            if gap < least - 0.01:
                push = (least - gap) / 2
                moved[a] -= push
                moved[b] += push
                quiet = False
        if quiet:
            break
    return moved


def log_ticks(low, high):
    decades = [10 ** p for p in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]
    steps = (1, 2, 5) if high / low < 30 else (1,)
    return [d * s for d in decades for s in steps if low <= d * s <= high]


def lines(path, title, subtitle, note, panels, columns=2, height=280, unit=""):
    """`panels`: (heading, x axis, {label: [(x, y)]}); both axes are logarithmic. Ours is thick; every line is named at its end."""
    drawing = Drawing(title, subtitle, note)
    width = (WIDTH - 2 * MARGIN - (columns - 1) * GAP) / columns
    names = sorted({label for _, _, series in panels for label in series if not ours(label)})
    colour = {label: f"s{i % 9}" for i, label in enumerate(names)}
    bottom = top = drawing.top
    for index, (heading, x_axis, series) in enumerate(panels):
        if index % columns == 0:
            top = bottom
        left = MARGIN + index % columns * (width + GAP)
        xs = sorted({x for points in series.values() for x, _ in points})
        ys = [y for points in series.values() for _, y in points if y > 0]
        if not ys:
            continue
        low, high = min(ys) / 1.15, max(ys) * 1.15
        x0, x1, y0, y1 = left + 44, left + width - 150, top + height - 44, top + 28
        place_x = lambda x: (x0 + x1) / 2 if len(xs) == 1 else x0 + (x1 - x0) * math.log(x / xs[0]) / math.log(xs[-1] / xs[0])
        place_y = lambda y: y0 - (y0 - y1) * math.log(max(y, low) / low) / math.log(high / low)
        drawing.text(left, top + 12, heading, "ink h")
        for tick in log_ticks(low, high):
            drawing.line(x0, place_y(tick), x1, place_y(tick), "grid")
            drawing.text(x0 - 8, place_y(tick) + 4, number(tick) + unit, "soft n e")
        for x in xs:
            drawing.line(place_x(x), y1, place_x(x), y0, "grid")
            drawing.text(place_x(x), y0 + 16, number(x), "soft n m")
        drawing.text((x0 + x1) / 2, y0 + 32, x_axis, "soft n m")
        ends = []
        for label, points in sorted(series.items(), key=lambda item: ours(item[0])):   # ours last: on top
            mine = ours(label)
            name = "ours" if mine else colour[label]
            path_data = "L".join(f"{place_x(x):.1f} {place_y(y):.1f}" for x, y in sorted(points))
            dash = ' stroke-dasharray="6 3"' if mine and label != next(l for l in sorted(series) if ours(l)) else ""
            drawing.parts.append(f'<path d="M{path_data}" class="l-{name}" stroke-width="{3 if mine else 1.6}" stroke-linejoin="round"{dash}/>')
            for x, y in points:
                drawing.parts.append(f'<circle cx="{place_x(x):.1f}" cy="{place_y(y):.1f}" r="{4 if mine else 2.6}" class="{name}"/>')
            last = max(points)
            ends.append((place_y(last[1]), place_x(last[0]), f"{label}  {number(last[1])}{unit}", name, mine))
        for y, (at, x, text, name, mine) in zip(spread_out([end[0] for end in ends], 14.5), ends):
            if abs(y - at) > 2:
                drawing.parts.append(f'<path d="M{x + 5:.1f} {at:.1f}L{x1 + 12:.1f} {y:.1f}" class="grid"/>')
            drawing.text(x1 + 15, y + 4, text, f"{name} n{' b' if mine else ''}")
        bottom = max(bottom, top + height)
    drawing.write(path, bottom)
