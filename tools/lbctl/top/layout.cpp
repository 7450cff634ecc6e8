// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/top/layout.h"

#include <algorithm>
#include <array>

namespace lbd::lbctl::top {

namespace {

constexpr std::size_t fewest_rows = 3; // what the table keeps on a low screen

constexpr std::array<std::string_view, 19> help_lines{
    "Keys",
    "  q, Ctrl-C          quit",
    "  up, down, j, k     scroll by a line",
    "  PgUp, PgDn         scroll by a page; Home, End: to the begin, the end",
    "  s, S               sort by the next figure, the one before; * marks it",
    "  r                  reverse the order",
    "  b                  show services with or without their backends",
    "  /                  show only what has this in its name, address or state;",
    "                     Enter keeps it, Escape ends it",
    "  p                  pause; measuring goes on",
    "  Ctrl-L             draw the screen afresh",
    "",
    "Figures",
    "  Rates are those since the last measurement. Nothing goes out through the",
    "  director, so they count what clients send.",
    "  Active and inactive are connections, as ipvsadm counts them. A worker is",
    "  busy while it has packets. Curves show the last 60 measurements, or more.",
    "",
    "Any key goes back.",
};

Line range(const View& view, std::size_t visible, std::size_t rows) {
    if (rows <= visible || view.help) return {};
    return {{' ' + std::to_string(view.first + 1) + '-' +
             std::to_string(std::min(view.first + visible, rows)) + " of " + std::to_string(rows)}};
}

// The keys, as many as there is room for, and which rows are shown.
Line footer(const View& view, const Frame& frame, std::size_t visible, std::size_t rows) {
    if (view.typing) return {{"Filter: " + view.filter + '_', Style::strong}};
    const Line right = range(view, visible, rows);
    const std::size_t room = frame.width - std::min(frame.width, columns(right));
    const std::string order =
        std::string(view.reversed ? "reversed " : "") + std::string(name_of(view.sort));
    std::string keys;
    for (const std::string& key :
         {std::string("q quit"), std::string("h help"), "s sort: " + order, std::string("p pause"),
          std::string("b backends"), std::string("/ filter"), std::string("r reverse")}) {
        if (keys.size() + 2 + key.size() > room) break;
        keys += (keys.empty() ? "" : "  ") + key;
    }
    Line line{{fitted(keys, room)}};
    line.insert(line.end(), right.begin(), right.end());
    return line;
}

std::vector<Line> help() {
    std::vector<Line> lines;
    lines.reserve(help_lines.size());
    for (const std::string_view text : help_lines)
        lines.push_back({{std::string(text),
                          !text.empty() && text.front() != ' ' ? Style::strong : Style::plain}});
    return lines;
}

void append(std::vector<Line>& lines, std::vector<Line> more) {
    std::move(more.begin(), more.end(), std::back_inserter(lines));
}

} // namespace

Page page_of(const Model& live, const Model& shown, View& view, const Frame& frame) {
    Page page{head_of(live, shown, view, frame), 0, 0};
    const std::size_t others = 2; // the table's header and the footer
    const std::size_t spared = others + fewest_rows;
    const std::size_t head = frame.height > spared ? frame.height - spared : 1;
    if (page.lines.size() > head) page.lines.resize(head);
    if (view.help) page.lines.resize(1);

    const std::vector<Row> rows = rows_of(shown.sample(), view);
    const std::size_t used = page.lines.size() + others;
    page.visible = frame.height - std::min(frame.height, used);
    page.rows = rows.size();
    view.first = std::min(view.first, page.rows - std::min(page.rows, page.visible));
    append(page.lines, view.help ? help() : table_of(shown, rows, view, frame, page.visible));
    // What does not fit gives way to the last line.
    page.lines.resize(frame.height > 0 ? frame.height - 1 : 0);
    if (frame.height > 0) page.lines.push_back(footer(view, frame, page.visible, page.rows));
    for (Line& line : page.lines) cut(line, frame.width);
    return page;
}

} // namespace lbd::lbctl::top
