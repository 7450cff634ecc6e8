// SPDX-License-Identifier: BSD-3-Clause
// What the parts of the Config are built with, and the larger ones. The document is without errors.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/network_nodes.h"

namespace lbd::config {

// A missing value here is a key that the schema spells otherwise or gives no default.
template <class T>
const T& the(const Node& node) {
    const auto* value = node.get<T>();
    if (value == nullptr) {
        throw std::logic_error("configuration without a value for " + node.path);
    }
    return *value;
}

template <class T>
std::optional<T> maybe(const Node& node) {
    const auto* value = node.get<T>();
    return value != nullptr ? std::optional<T>(*value) : std::nullopt;
}

template <class Integer>
Integer integer(const Node& node) {
    return static_cast<Integer>(the<std::uint64_t>(node));
}

inline Seconds seconds(const Node& node) {
    return std::chrono::duration_cast<Seconds>(the<Milliseconds>(node));
}

// What the word given means.
template <class Choice>
Choice choice(const Node& node, std::initializer_list<std::pair<std::string_view, Choice>> words) {
    const auto found = std::find_if(words.begin(), words.end(),
                                    [&](const auto& word) { return node.is(word.first); });
    if (found == words.end()) {
        throw std::logic_error("configuration with a word of no meaning for " + node.path);
    }
    return found->second;
}

std::vector<HealthCheck> build_checks(const Node& root, const Node& service, const Node& backend);
VrrpInstance build_instance(const NetworkNodes& networks, const Node& node);
// `subject`: what the scripts are told of if they do not say; nothing: everything.
std::vector<NotifyScript> build_notify(const Node& list, std::optional<Subject> subject);
Notifications build_notifications(const Node& node);
Service build_service(const Node& root, const NetworkNodes& networks, const Node& node);

} // namespace lbd::config
