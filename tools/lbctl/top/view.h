// SPDX-License-Identifier: BSD-3-Clause
// What of the model is looked at, and in which order; how keys change that.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tools/lbctl/top/sample.h"

namespace lbd::lbctl::top {

enum class Sort { configuration, name, connections, packets, bits, active };

std::string_view name_of(Sort sort);

struct View {
    Sort sort = Sort::configuration;
    bool reversed = false;
    bool backends = true;
    bool paused = false;
    bool help = false;
    bool typing = false;   // the filter
    std::string filter;    // part of a name, an endpoint or a backend's state; empty: all
    std::size_t first = 0; // row of the table that is shown
};

// A line of the table; without a backend, it is the service's own.
struct Row {
    const Service* service;
    const Backend* backend;
};

// Numbers from the highest, names from A, unless reversed; backends stay below their service. A
// service that does not match the filter is there for the sake of backends that do.
std::vector<Row> rows_of(const Sample& sample, const View& view);

// Characters are themselves; beyond them, keys by name.
enum Key : int {
    key_escape = 27,
    key_up = 1000,
    key_down,
    key_page_up,
    key_page_down,
    key_home,
    key_end,
    key_enter,
    key_backspace,
};

// False: leave. `visible` and `rows` are the table's lines, on the screen and altogether.
bool take_key(View& view, int key, std::size_t visible, std::size_t rows);

} // namespace lbd::lbctl::top
