// SPDX-License-Identifier: BSD-3-Clause
// What a backend takes from its service, and a service from the file.
#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "config/document.h"

namespace lbd::config {

// The same section at several levels, the innermost first.
class Layers {
  public:
    Layers(std::initializer_list<const Node*> layers) : layers_(layers) {}

    // The innermost that has a value.
    const Node& operator[](std::string_view key) const { return innermost(key, layers_.size()); }
    // The same, the outermost level, that of the whole file, left out.
    const Node& within(std::string_view key) const { return innermost(key, layers_.size() - 1); }

    // Of a list: the innermost that has an item.
    const Node& list(std::string_view key) const {
        for (const auto* layer : layers_) {
            if (!(*layer)[key].items.empty()) {
                return (*layer)[key];
            }
        }
        return (*layers_.back())[key];
    }

  private:
    const Node& innermost(std::string_view key, std::size_t levels) const {
        for (std::size_t level = 0; level < levels; ++level) {
            const auto& node = (*layers_[level])[key];
            if (node.get<std::monostate>() == nullptr) {
                return node;
            }
        }
        return (*layers_[levels - 1])[key];
    }

    std::vector<const Node*> layers_;
};

// Each check of a backend: those of its own list, else of its service's, else the one that the
// `health` sections describe.
inline std::vector<Layers> checks_of(const Node& root, const Node& service, const Node& backend) {
    const auto& own = backend["checks"];
    std::vector<Layers> checks;
    for (const auto& item : (own.items.empty() ? service["checks"] : own).items) {
        checks.push_back({&item, &backend["health"], &service["health"], &root["health"]});
    }
    if (checks.empty()) {
        checks.push_back({&backend["health"], &service["health"], &root["health"]});
    }
    return checks;
}

// "dr", "ipip" or "gue"; without a value if what is given is none of them.
inline const Node& forwarding_of(const Node& service, const Node& backend) {
    const auto& own = backend["forwarding"];
    return own.given ? own : service["forwarding"];
}

inline bool is_tunnelled(const Node& service, const Node& backend) {
    const auto& forwarding = forwarding_of(service, backend);
    return forwarding.is("ipip") || forwarding.is("gue");
}

// "tcp", "none" ... Opening a TCP connection says nothing of a UDP service, so the default of all
// services does not reach it: only its own word or a backend's does.
inline std::string_view kind_of_check(const Node& service, const Layers& check) {
    const bool udp = service["protocol"].is("udp");
    const auto& type = udp ? check.within("type") : check["type"];
    return type.text() != nullptr ? std::string_view(*type.text()) : udp ? "none" : "tcp";
}

} // namespace lbd::config
