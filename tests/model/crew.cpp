// SPDX-License-Identifier: BSD-3-Clause
#include "tests/model/crew.h"

#include <string>

namespace lbd::model {

using namespace dataplane;

namespace {

constexpr std::size_t entries = 4096;
constexpr unsigned releases_between_two = 64;
// More than what can be under way, one packet a turn.
constexpr int turns_to_settle = 4000;

std::string name_of(const char* kind, std::size_t from, std::size_t to) {
    return std::string(kind) + std::to_string(from) + '-' + std::to_string(to);
}

} // namespace

Crew::Crew(Device& device, std::uint16_t workers, unsigned room)
    : shared_(workers), publication_(workers), tables_(workers) {
    make_rings(room);
    for (std::uint16_t worker = 0; worker < workers; ++worker) publication_.enter(worker);
    for (std::uint16_t worker = 0; worker < workers; ++worker)
        workers_.push_back(std::make_unique<Worker>(setup_of(device, worker)));
}

Crew::~Crew() {
    for (std::uint16_t worker = 0; worker < workers(); ++worker) publication_.leave(worker);
}

void Crew::make_rings(unsigned room) {
    const std::size_t workers = tables_.size();
    for (std::size_t from = 0; from < workers; ++from) {
        for (std::size_t to = 0; to < workers; ++to) {
            const bool others = from != to;
            packets_.push_back(
                others ? std::make_unique<PacketRing>(name_of("crew", from, to), room) : nullptr);
            releases_.push_back(others ? std::make_unique<ReleaseRing>(releases_between_two)
                                       : nullptr);
        }
    }
}

WorkerSetup Crew::setup_of(Device& device, std::uint16_t worker) {
    const std::size_t workers = tables_.size();
    Tables& tables = tables_[worker];
    tables.flows4.resize(FlowTable<KeyV4>::lines_for(entries));
    tables.bindings4.resize(FlowTable<KeyV4>::lines_for(entries));
    tables.flows6.resize(FlowTable<KeyV6>::lines_for(entries));
    tables.bindings6.resize(FlowTable<KeyV6>::lines_for(entries));
    WorkerSetup setup{};
    setup.worker = worker;
    setup.workers = static_cast<std::uint16_t>(workers);
    setup.flow_secret = {0x9e3779b97f4a7c15u + worker, 0xd6e8feb86659fd93u};
    setup.owner_secret = {0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu};
    setup.memory4 = {tables.flows4, tables.bindings4};
    setup.memory6 = {tables.flows6, tables.bindings6};
    setup.fragments = 64;
    setup.counters = shared_.counters[worker].get();
    setup.others = shared_.others(worker);
    setup.limits = shared_.limits();
    setup.ports = {&device.port()};
    setup.interfaces = {{&device.port(), 0, 0, 1500, &device.to_host(), nullptr}};
    for (std::size_t other = 0; other < workers; ++other) {
        setup.neighbours.packets_in.push_back(packets_[other * workers + worker].get());
        setup.neighbours.packets_out.push_back(packets_[worker * workers + other].get());
        setup.neighbours.releases_in.push_back(releases_[other * workers + worker].get());
        setup.neighbours.releases_out.push_back(releases_[worker * workers + other].get());
    }
    setup.publication = &publication_;
    setup.clock = TickClock(cycles_per_tick * ticks_per_second, cycles_, 1000);
    return setup;
}

void Crew::configure(Setting& setting) {
    publish(setting, publication_);
}

void Crew::settle() {
    for (int round = 0; round < turns_to_settle; ++round)
        for (std::uint16_t worker = 0; worker < workers(); ++worker) turn(worker);
}

void Crew::pass(std::uint64_t ticks) {
    for (std::uint64_t passed = 0; passed < ticks; passed += ticks_per_second) {
        cycles_ += cycles_per_tick * ticks_per_second;
        // Each turn sweeps a part of the tables.
        for (int round = 0; round < 8; ++round)
            for (std::uint16_t worker = 0; worker < workers(); ++worker) turn(worker);
    }
}

std::uint64_t Crew::sum(Counter WorkerCounters::*counter) const {
    std::uint64_t all = 0;
    for (const auto& counters : shared_.counters) all += ((*counters).*counter).get();
    return all;
}

std::uint64_t Crew::sum(Counter BackendCounters::*counter) const {
    std::uint64_t all = 0;
    for (const auto& counters : shared_.counters)
        for (const BackendCounters& backend : counters->backends) all += (backend.*counter).get();
    return all;
}

std::uint64_t Crew::drops() const {
    std::uint64_t all = 0;
    for (const auto& counters : shared_.counters)
        for (const Counter& reason : counters->drops) all += reason.get();
    return all;
}

std::uint64_t Crew::drops(DropReason reason) const {
    std::uint64_t all = 0;
    for (const auto& counters : shared_.counters)
        all += counters->drops[static_cast<std::size_t>(reason)].get();
    return all;
}

} // namespace lbd::model
