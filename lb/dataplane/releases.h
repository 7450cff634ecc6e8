// SPDX-License-Identifier: BSD-3-Clause
// Bindings that other workers keep and that flows of this one have let go: held here until there
// is room in the ring to their owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lbd::dataplane {

struct Release {
    std::uint32_t binding;
    std::uint16_t owner;
    bool ipv6;
};
static_assert(sizeof(Release) == 8);

class Releases {
  public:
    Releases() { waiting_.reserve(capacity); }

    // Whether expiry may go on; what ends for other reasons still finds room then.
    bool ready() const { return waiting_.size() < capacity / 2; }
    // Beyond the capacity, which takes an owner that has stopped working, it is lost: the binding
    // then stays.
    void push(const Release& release) {
        if (waiting_.size() < capacity) waiting_.push_back(release);
    }
    bool empty() const { return waiting_.empty(); }
    const Release& last() const { return waiting_.back(); }
    void pop() { waiting_.pop_back(); }

  private:
    static constexpr std::size_t capacity = 65536;
    std::vector<Release> waiting_;
};

} // namespace lbd::dataplane
