// SPDX-License-Identifier: BSD-3-Clause
// Makes the lines of a screen from what is known and what of it is looked at.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "tools/lbctl/top/model.h"
#include "tools/lbctl/top/text.h"
#include "tools/lbctl/top/view.h"

namespace lbd::lbctl::top {

struct Frame {
    std::size_t width;
    std::size_t height;
    Glyphs glyphs;
    std::chrono::duration<double> interval; // between two questions to lbd
    Time now;
};

struct Page {
    std::vector<Line> lines; // as many as the frame is high, none wider than it
    std::size_t visible;     // lines for rows of the table
    std::size_t rows;        // of the table altogether
};

// `live` says whether lbd answers; `shown` is the same model, or the one that stands still while
// the view is paused. Moves `view.first` to where there are rows.
Page page_of(const Model& live, const Model& shown, View& view, const Frame& frame);

// What stands above the table, the most important first: where there is no room, the end is
// missing.
std::vector<Line> head_of(const Model& live, const Model& shown, const View& view,
                          const Frame& frame);

// The header of the table and its rows from `view.first` on.
std::vector<Line> table_of(const Model& shown, const std::vector<Row>& rows, const View& view,
                           const Frame& frame, std::size_t visible);

// A sparkline of at least the last 60 values, or as many as fit.
std::string trend(const History& history, std::size_t width, double highest, Glyphs glyphs);

} // namespace lbd::lbctl::top
