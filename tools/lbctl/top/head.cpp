// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <map>

#include "tools/lbctl/fields.h"
#include "tools/lbctl/top/layout.h"

namespace lbd::lbctl::top {

namespace {

constexpr std::size_t narrowest_for_two = 72; // meters side by side
constexpr double full_scale = 100;            // per cent

struct Meter {
    std::string label;
    std::string value;
    const History* history;
    double highest;
};

std::string per_cent(double value) {
    return short_number(std::min(value, full_scale)) + '%';
}

std::string interval_text(std::chrono::duration<double> interval) {
    return "every " + short_number(interval.count()) + 's';
}

// Why nothing new is shown, or nothing.
std::string trouble_of(const Model& live, const Frame& frame) {
    const std::chrono::duration<double> silence = frame.now - live.answered();
    // An answer may be on its way; a second more than the interval is not yet worth an alarm.
    if (live.trouble().empty() && silence < frame.interval + std::chrono::seconds(2)) return {};
    std::string text = "no answer from lbd for " + duration(silence.count());
    return live.trouble().empty() ? text : text + ": " + live.trouble();
}

std::string counted(std::size_t number, const std::string& thing) {
    return std::to_string(number) + ' ' + thing + (number == 1 ? "" : "s");
}

std::string summary(const Model& shown) {
    const Totals& totals = shown.totals();
    return std::to_string(totals.up) + " of " + counted(totals.backends, "backend") + " up, " +
           counted(shown.sample().services.size(), "service") + ", lbd up " +
           duration(shown.sample().uptime_seconds);
}

Line status(const Model& live, const Model& shown, const View& view, const Frame& frame) {
    const std::string trouble = trouble_of(live, frame);
    const std::string mode = view.paused ? "PAUSED" : interval_text(frame.interval);
    const std::string right = view.filter.empty() ? mode : "filter: " + view.filter + "  " + mode;
    const std::size_t room = frame.width - std::min(frame.width, right.size() + 1);
    return {{fitted(trouble.empty() ? summary(shown) : trouble, room) + ' ',
             trouble.empty() ? Style::strong : Style::bad},
            {right, view.paused ? Style::bad : Style::plain}};
}

std::vector<Meter> traffic_meters(const Model& shown) {
    const Traffic& traffic = shown.totals().traffic;
    const Model::Histories& all = shown.histories();
    return {{"Conn/s", short_number(traffic.rates.connections), &all.connections, 0},
            {"Active", short_number(traffic.active), &all.active, 0},
            {"Packet/s", short_number(traffic.rates.packets), &all.packets, 0},
            {"Inactive", short_number(traffic.inactive), &all.inactive, 0},
            {"Bit/s", short_number(traffic.rates.bits), &all.bits, 0},
            {"Drop/s", short_number(shown.sample().drops), &all.drops, 0}};
}

// Of each worker, or of all together if they are more than `most`.
std::vector<Meter> worker_meters(const Model& shown, std::size_t most) {
    const Model::Histories& all = shown.histories();
    const std::vector<Worker>& workers = shown.sample().workers;
    std::vector<Meter> meters;
    if (workers.size() > most)
        return {{"Busy mean", per_cent(mean_busy(shown.sample())), &all.mean_busy, full_scale},
                {"Busy most", per_cent(most_busy(shown.sample())), &all.most_busy, full_scale}};
    for (std::size_t index = 0; index < workers.size(); ++index)
        meters.push_back({"Worker " + std::to_string(index), per_cent(workers[index].busy_percent),
                          &all.busy[index], full_scale});
    return meters;
}

void put(std::vector<Line>& lines, const std::vector<Meter>& meters, std::size_t side_by_side,
         const Frame& frame) {
    constexpr std::size_t label_width = 10;
    constexpr std::size_t value_width = 6;
    const std::size_t cell = frame.width / side_by_side;
    const std::size_t room = cell - std::min(cell, label_width + value_width + 3);
    for (std::size_t index = 0; index < meters.size(); ++index) {
        const Meter& meter = meters[index];
        if (index % side_by_side == 0) lines.emplace_back();
        const std::string drawn = trend(*meter.history, room, meter.highest, frame.glyphs);
        lines.back().push_back({padded(meter.label, label_width)});
        lines.back().push_back({right(meter.value, value_width) + ' ', Style::strong});
        lines.back().push_back({fitted(drawn, room) + "  ", Style::good});
    }
}

// A column for each worker, as it is now.
Line workers_now(const Model& shown, const Frame& frame) {
    std::vector<double> busy;
    for (const Worker& worker : shown.sample().workers) busy.push_back(worker.busy_percent);
    return {{std::to_string(busy.size()) + " workers "},
            {sparkline(busy, full_scale, frame.glyphs), Style::good}};
}

Style style_of_state(const std::string& state) {
    return state == "MASTER" ? Style::good : state == "BACKUP" ? Style::plain : Style::bad;
}

// Each instance with its state, or how many there are in each if they do not fit.
Line vrrp_line(const std::vector<Instance>& instances, std::size_t width) {
    Line line{{"VRRP"}};
    if (instances.empty()) return {{"VRRP  no instance"}};
    std::map<std::string, std::size_t> states;
    for (const Instance& instance : instances) {
        ++states[instance.state];
        line.push_back({"  " + instance.name + ' '});
        line.push_back({instance.state, style_of_state(instance.state)});
        line.push_back({' ' + duration(instance.since_seconds)});
    }
    if (columns(line) <= width) return line;
    line = {{"VRRP"}};
    for (const auto& [state, count] : states) {
        line.push_back({"  " + std::to_string(count) + ' '});
        line.push_back({state, style_of_state(state)});
    }
    return line;
}

} // namespace

std::string trend(const History& history, std::size_t width, double highest, Glyphs glyphs) {
    constexpr std::size_t span = 60;
    if (width == 0) return {};
    return sparkline(history.peaks(width, (span + width - 1) / width), highest, glyphs);
}

std::vector<Line> head_of(const Model& live, const Model& shown, const View& view,
                          const Frame& frame) {
    const std::size_t side_by_side = frame.width < narrowest_for_two ? 1 : 2;
    const std::size_t most_workers = side_by_side * std::max<std::size_t>(frame.height / 6, 2);
    std::vector<Line> lines{status(live, shown, view, frame),
                            vrrp_line(shown.sample().instances, frame.width)};
    put(lines, worker_meters(shown, most_workers), side_by_side, frame);
    if (shown.sample().workers.size() > most_workers) lines.push_back(workers_now(shown, frame));
    put(lines, traffic_meters(shown), side_by_side, frame);
    return lines;
}

} // namespace lbd::lbctl::top
