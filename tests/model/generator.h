// SPDX-License-Identifier: BSD-3-Clause
// Random configurations, packets and times. Few clients and ports, so that packets meet what
// earlier ones left; times that end where timeouts do.
#pragma once

#include <cstdint>
#include <random>

#include "tests/model/description.h"
#include "tests/model/places.h"

namespace lbd::model {

class Generator {
  public:
    // `crowd`: so many clients; as many as fill the tables, or few.
    Generator(std::uint32_t seed, std::uint32_t crowd)
        : random_(seed), crowd_(crowd), hurried_(seed % 4 < 2), unusual_(seed % 5 == 0 ? 2 : 12) {}

    Setting setting();
    // As a reload, a health check or an operator would.
    void change(Setting& setting);
    Packet packet();
    Time time(const Setting& setting);
    // One of 0 to `choices` - 1.
    std::uint32_t any(std::uint32_t choices) { return random_() % choices; }
    bool once_in(std::uint32_t times) { return any(times) == 0; }

  private:
    dataplane::ServiceEntry service(std::size_t number);
    dataplane::BackendEntry backend(std::size_t number, ServiceSlot service);
    void change(dataplane::ServiceEntry& service);
    void change(dataplane::BackendEntry& backend);
    void put_in_rotation(Setting& setting, ServiceSlot slot);

    std::mt19937 random_;
    std::uint32_t crowd_;
    bool hurried_;          // little time passes
    std::uint32_t unusual_; // one packet in so many is a fragment or the like
};

} // namespace lbd::model
