// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/top/view.h"

#include <algorithm>
#include <array>

namespace lbd::lbctl::top {

namespace {

constexpr std::array<std::string_view, 6> sort_names{
    "configuration", "name", "connections", "packets", "bits", "active",
};
constexpr std::size_t longest_filter = 64;

double figure(const Traffic& traffic, Sort sort) {
    switch (sort) {
        case Sort::connections:
            return traffic.rates.connections;
        case Sort::packets:
            return traffic.rates.packets;
        case Sort::bits:
            return traffic.rates.bits;
        case Sort::active:
            return traffic.active;
        case Sort::configuration:
        case Sort::name:
            break;
    }
    return 0;
}

const std::string& name(const Service& service) {
    return service.name;
}

const std::string& name(const Backend& backend) {
    return backend.endpoint;
}

template <typename Item>
void order(std::vector<const Item*>& items, const View& view) {
    const auto before = [sort = view.sort](const Item* a, const Item* b) {
        if (sort == Sort::name) return name(*a) < name(*b);
        return figure(a->traffic, sort) > figure(b->traffic, sort);
    };
    if (view.sort != Sort::configuration)
        std::stable_sort(items.begin(), items.end(), [&](const Item* a, const Item* b) {
            return view.reversed ? before(b, a) : before(a, b);
        });
    else if (view.reversed)
        std::reverse(items.begin(), items.end());
}

template <typename Item>
std::vector<const Item*> pointers(const std::vector<Item>& items) {
    std::vector<const Item*> result;
    result.reserve(items.size());
    for (const Item& item : items) result.push_back(&item);
    return result;
}

char lower(char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a')
                                                : character;
}

bool contains(std::string_view text, std::string_view part) {
    return std::search(text.begin(), text.end(), part.begin(), part.end(),
                       [](char a, char b) { return lower(a) == lower(b); }) != text.end() ||
           part.empty();
}

void type(View& view, int key) {
    if (key == key_enter || key == key_escape) {
        view.typing = false;
        if (key == key_escape) view.filter.clear();
    } else if (key == key_backspace) {
        if (!view.filter.empty()) view.filter.pop_back();
    } else if (key >= ' ' && key <= '~' && view.filter.size() < longest_filter) {
        view.filter += static_cast<char>(key);
    }
    view.first = 0;
}

void scroll(View& view, int key, std::size_t visible, std::size_t rows) {
    const std::size_t last = rows > visible ? rows - visible : 0;
    const auto up = [&view](std::size_t lines) { return view.first - std::min(view.first, lines); };
    if (key == key_up || key == 'k') view.first = up(1);
    if (key == key_page_up) view.first = up(visible);
    if (key == key_home) view.first = 0;
    if (key == key_down || key == 'j') view.first += 1;
    if (key == key_page_down) view.first += visible;
    if (key == key_end) view.first = last;
    view.first = std::min(view.first, last);
}

} // namespace

std::string_view name_of(Sort sort) {
    return sort_names.at(static_cast<std::size_t>(sort));
}

std::vector<Row> rows_of(const Sample& sample, const View& view) {
    std::vector<Row> rows;
    auto services = pointers(sample.services);
    order(services, view);
    for (const Service* service : services) {
        auto backends = pointers(service->backends);
        if (!contains(service->name, view.filter) && !contains(service->endpoint, view.filter)) {
            std::erase_if(backends, [&view](const Backend* backend) {
                return !contains(backend->endpoint, view.filter) &&
                       !contains(backend->state, view.filter);
            });
            if (backends.empty()) continue;
        }
        rows.push_back({service, nullptr});
        if (!view.backends) continue;
        order(backends, view);
        for (const Backend* backend : backends) rows.push_back({service, backend});
    }
    return rows;
}

bool take_key(View& view, int key, std::size_t visible, std::size_t rows) {
    if (view.typing) {
        type(view, key);
        return true;
    }
    if (key == 'q') return false;
    if (view.help) { // any key ends it
        view.help = false;
        return true;
    }
    constexpr auto kinds = static_cast<int>(sort_names.size());
    if (key == 's') view.sort = static_cast<Sort>((static_cast<int>(view.sort) + 1) % kinds);
    if (key == 'S')
        view.sort = static_cast<Sort>((static_cast<int>(view.sort) + kinds - 1) % kinds);
    if (key == 'r') view.reversed = !view.reversed;
    if (key == 'b') view.backends = !view.backends;
    if (key == 'p') view.paused = !view.paused;
    if (key == 'h' || key == '?') view.help = true;
    if (key == '/') view.typing = true;
    if (key == key_escape) view.filter.clear();
    scroll(view, key, visible, rows);
    return true;
}

} // namespace lbd::lbctl::top
