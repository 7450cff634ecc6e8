// SPDX-License-Identifier: BSD-3-Clause
// The data plane beside the model. Environment: LBD_MODEL_SEED (the first), LBD_MODEL_RUNS,
// LBD_MODEL_STEPS (of each), LBD_MODEL_THOROUGH (compares counts after each step), LBD_MODEL_TALLY
// (prints what became of packets, and how often).
#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "tests/model/director.h"
#include "tests/model/generator.h"
#include "tests/model/specification.h"
#include "tests/unit/catch.h"

namespace lbd::model {

namespace {

std::uint64_t setting_of(const char* name, std::uint64_t otherwise) {
    const char* value = std::getenv(name);
    return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

// Tables with one place to look for an entry from, which fill up; or with many, which do not.
struct Tables {
    Memory memory;
    Room room4;
    Room room6;
    std::uint32_t crowd;
};

constexpr std::size_t window4 = dataplane::FlowTable<dataplane::KeyV4>::window;
constexpr std::size_t window6 = dataplane::FlowTable<dataplane::KeyV6>::window;
constexpr std::size_t never = 1000;

constexpr Tables full{{window4 + 1, window6 + 1}, {2 * window4, 16}, {window6, 8}, 70};
constexpr Tables roomy{{2 * window4, window6 + 1}, {2 * window4, never}, {window6, 8}, 4};

class Run {
  public:
    Run(Device& device, std::uint32_t seed, bool thorough, Counts& tally)
        : seed_(seed),
          thorough_(thorough),
          tally_(tally),
          tables_(seed % 2 == 0 ? roomy : full),
          start_(start_of(seed)),
          generator_(seed, tables_.crowd),
          setting_(generator_.setting()),
          director_(device, tables_.memory, static_cast<dataplane::Tick>(start_)),
          model_(tables_.room4, tables_.room6, start_) {
        publish();
        director_.pass(1, nullptr); // nobody is answered before the first tick
        model_.pass(1);
    }

    // What the first disagreement is, if any.
    std::string go(std::uint64_t steps) {
        for (step_ = 0; step_ < steps; ++step_) {
            std::string wrong = step();
            if (wrong.empty() && (thorough_ || step_ % 100 == 0 || step_ + 1 == steps))
                wrong = difference(model_.counts(), director_.counts());
            if (wrong.empty() && model_.held_or_lost() != director_.held_or_lost())
                wrong = "fragments held or lost: model " + std::to_string(model_.held_or_lost()) +
                        ", data plane " + std::to_string(director_.held_or_lost());
            if (!wrong.empty())
                return "LBD_MODEL_SEED=" + std::to_string(seed_) + ", step " +
                       std::to_string(step_) + ":\n" + wrong;
        }
        for (const auto& [what, count] : model_.occasions()) tally_[what] += count;
        return {};
    }

  private:
    // At the clock's beginning, or shortly before its wrap, or anywhere.
    static Time start_of(std::uint32_t seed) {
        constexpr Time wrap = Time{1} << 32;
        switch (seed % 3) {
            case 0:
                return 1;
            case 1:
                return wrap - 1 - seed * Time{7919} % 300;
            default:
                return seed * Time{2654435761} % wrap;
        }
    }
    void publish() {
        director_.configure(setting_);
        current_ = setting_; // the next change is not yet known to anybody
        model_.configure(current_);
    }
    std::string step() {
        const std::uint32_t kind = generator_.any(100);
        if (kind < 5) {
            generator_.change(setting_);
            publish();
            return {};
        }
        if (kind < 80) {
            const Packet packet = generator_.packet();
            return judge(packet, model_.handle(packet), director_.handle(packet));
        }
        const Time ticks = generator_.time(current_);
        const bool with_packet = generator_.once_in(3);
        const Packet packet = generator_.packet();
        Events expected;
        if (ticks > 1 && with_packet && director_.expires_before(ticks)) {
            model_.pass(ticks - 1);
            model_.expire();
            model_.pass(1);
        } else {
            model_.pass(ticks);
        }
        if (with_packet) expected = model_.handle(packet);
        model_.expire();
        return judge(packet, expected, director_.pass(ticks, with_packet ? &packet : nullptr));
    }
    // What goes out of the port, to the host, or nowhere has an order of its own.
    std::string judge(const Packet& packet, Events model, Events real) {
        std::sort(model.begin(), model.end());
        std::sort(real.begin(), real.end());
        for (const Event& event : model) ++tally_[text(Events{event})];
        if (model == real) return {};
        return text(packet) + "\nmodel:      " + text(model) + "\ndata plane: " + text(real) + '\n';
    }

    std::uint32_t seed_;
    bool thorough_;
    Counts& tally_;
    Tables tables_;
    Time start_;
    Generator generator_;
    Setting setting_;
    Setting current_;
    Director director_;
    Specification model_;
    std::uint64_t step_ = 0;
};

} // namespace

TEST_CASE("the data plane does with every packet what its specification says") {
    Device device;
    Counts tally;
    const std::uint64_t first = setting_of("LBD_MODEL_SEED", 1);
    const std::uint64_t runs =
        setting_of("LBD_MODEL_RUNS", std::getenv("LBD_MODEL_SEED") ? 1 : 300);
    const std::uint64_t steps = setting_of("LBD_MODEL_STEPS", 1500);
    const bool thorough = std::getenv("LBD_MODEL_THOROUGH") != nullptr;
    for (std::uint64_t seed = first; seed < first + runs; ++seed) {
        Run run(device, static_cast<std::uint32_t>(seed), thorough, tally);
        const std::string disagreement = run.go(steps);
        INFO(disagreement);
        REQUIRE(disagreement.empty());
    }
    if (std::getenv("LBD_MODEL_TALLY") == nullptr) return;
    for (const auto& [what, count] : tally) std::cout << count << '\t' << what << '\n';
}

} // namespace lbd::model
