// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <optional>

#include "tools/lbctl/fields.h"
#include "tools/lbctl/top/layout.h"

namespace lbd::lbctl::top {

namespace {

constexpr std::size_t narrowest_name = 16;
constexpr std::size_t enough_name = 44;
constexpr std::size_t narrowest_trend = 12;
constexpr std::size_t widest_trend = 62; // two blanks and 60 values

struct Column {
    std::string_view header;
    std::size_t width; // with the blank before it
    std::size_t rank;  // columns of high rank go first where there is no room
    std::optional<Sort> sort;
    std::string (*text)(const Row& row);
};

const Traffic& row_traffic(const Row& row) {
    return row.backend != nullptr ? row.backend->traffic : row.service->traffic;
}

// Of a service, how many of its backends are up.
std::string state_of(const Row& row) {
    if (row.backend != nullptr) return row.backend->state;
    return std::to_string(backends_up(*row.service)) + '/' +
           std::to_string(row.service->backends.size()) + " up";
}

// In the order in which they stand.
constexpr std::array<Column, 6> all_columns{{
    {"STATE", 11, 1, {}, state_of},
    {"CONN/S", 8, 2, Sort::connections,
     [](const Row& row) { return short_number(row_traffic(row).rates.connections); }},
    {"PKT/S", 7, 5, Sort::packets,
     [](const Row& row) { return short_number(row_traffic(row).rates.packets); }},
    {"BIT/S", 7, 4, Sort::bits,
     [](const Row& row) { return short_number(row_traffic(row).rates.bits); }},
    {"ACTIVE", 8, 3, Sort::active,
     [](const Row& row) { return short_number(row_traffic(row).active); }},
    {"INACT", 7, 6, {}, [](const Row& row) { return short_number(row_traffic(row).inactive); }},
}};

struct Shape {
    std::vector<const Column*> columns;
    std::size_t name;
    std::size_t trend; // 0: none
};

Shape shape_for(std::size_t width) {
    Shape shape{{}, width, 0};
    for (std::size_t rank = 1; rank <= all_columns.size(); ++rank)
        for (const Column& column : all_columns)
            if (column.rank == rank && shape.name >= narrowest_name + column.width) {
                shape.columns.push_back(&column);
                shape.name -= column.width;
            }
    std::sort(shape.columns.begin(), shape.columns.end());
    // What names do not need is for the trend, once all columns are there.
    if (shape.columns.size() == all_columns.size() && shape.name >= enough_name + narrowest_trend) {
        shape.trend = std::min(shape.name - enough_name, widest_trend);
        shape.name -= shape.trend;
    }
    return shape;
}

// The figure that is sorted by has a star.
std::string title(std::string_view header, bool sorted) {
    return (sorted ? "*" : "") + std::string(header);
}

Line header(const Shape& shape, const View& view) {
    std::string text = fitted(title("SERVICE / BACKEND", view.sort == Sort::name), shape.name);
    for (const Column* column : shape.columns) {
        const std::string name = title(column->header, column->sort == view.sort);
        text += column->text == state_of ? ' ' + padded(name, column->width - 1)
                                         : right(name, column->width);
    }
    if (shape.trend > 0) text += fitted("  PKT/S, LAST 60", shape.trend);
    return {{text, Style::header}};
}

Style style_of(const Row& row) {
    if (row.backend == nullptr) return Style::strong;
    const std::string& state = row.backend->state;
    return state == "up" || state == "standby" ? Style::plain : Style::bad;
}

Line line_of(const Row& row, const Shape& shape, const Model& shown, Glyphs glyphs) {
    const std::string name = row.backend != nullptr
                                 ? "  -> " + row.backend->endpoint
                                 : row.service->name + "  " + row.service->endpoint;
    std::string text = fitted(name, shape.name);
    for (const Column* column : shape.columns)
        text += column->text == state_of ? ' ' + fitted(state_of(row), column->width - 1)
                                         : right(column->text(row), column->width);
    Line line{{text, style_of(row)}};
    const auto& histories = shown.histories().services;
    const auto history = histories.find(row.service->endpoint);
    if (shape.trend > 2 && row.backend == nullptr && history != histories.end())
        line.push_back({"  " + trend(history->second, shape.trend - 2, 0, glyphs), Style::good});
    return line;
}

std::string_view nothing(const Model& shown) {
    return shown.sample().services.empty() ? "no service is configured" : "nothing matches";
}

} // namespace

std::vector<Line> table_of(const Model& shown, const std::vector<Row>& rows, const View& view,
                           const Frame& frame, std::size_t visible) {
    const Shape shape = shape_for(frame.width);
    std::vector<Line> lines{header(shape, view)};
    if (rows.empty()) lines.push_back({{'(' + std::string(nothing(shown)) + ')'}});
    const std::size_t end = std::min(rows.size(), view.first + visible);
    for (std::size_t index = view.first; index < end; ++index)
        lines.push_back(line_of(rows[index], shape, shown, frame.glyphs));
    return lines;
}

} // namespace lbd::lbctl::top
