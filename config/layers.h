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
    const Node& operator[](std::string_view key) const {
        for (const auto* layer : layers_) {
            const auto& node = (*layer)[key];
            if (node.get<std::monostate>() == nullptr) {
                return node;
            }
        }
        return (*layers_.back())[key];
    }

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
    std::vector<const Node*> layers_;
};

inline Layers health_layers(const Node& root, const Node& service, const Node& backend) {
    return {&backend["health"], &service["health"], &root["health"]};
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
inline std::string_view kind_of_check(const Node& root, const Node& service, const Node& backend) {
    const Layers own{&backend["health"], &service["health"]};
    const bool udp = service["protocol"].is("udp");
    const auto& type = own["type"].text() != nullptr || udp ? own["type"] : root["health"]["type"];
    return type.text() != nullptr ? std::string_view(*type.text()) : udp ? "none" : "tcp";
}

} // namespace lbd::config
