// SPDX-License-Identifier: BSD-3-Clause
#include "config/keepalived/yaml.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

namespace lbd::config::keepalived {

Yaml Yaml::text(std::string text, std::string comment) {
    Yaml yaml(Kind::text);
    yaml.text_ = std::move(text);
    yaml.comment_ = std::move(comment);
    return yaml;
}

Yaml Yaml::words(const std::vector<std::string>& words) {
    auto yaml = list();
    for (const auto& word : words) {
        yaml.add(text(word));
    }
    yaml.flow_ = true;
    return yaml;
}

Yaml& Yaml::set(const std::string& key, Yaml value) {
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const auto& entry) { return entry.first == key; });
    if (found != entries_.end()) {
        found->second = std::move(value);
    } else {
        entries_.emplace_back(key, std::move(value));
    }
    return *this;
}

Yaml& Yaml::set(const std::string& key, std::string value, std::string comment) {
    return set(key, text(std::move(value), std::move(comment)));
}

const Yaml* Yaml::find(const std::string& key) const {
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const auto& entry) { return entry.first == key; });
    return found == entries_.end() ? nullptr : &found->second;
}

template <class Emitter>
void Yaml::emit(Emitter& out) const {
    if (flow_) {
        out << YAML::Flow;
    }
    switch (kind_) {
        case Kind::text:
            out << text_;
            break;
        case Kind::list:
            out << YAML::BeginSeq;
            for (const auto& item : items_) {
                item.emit(out);
            }
            out << YAML::EndSeq;
            break;
        case Kind::map:
            out << YAML::BeginMap;
            for (const auto& [key, value] : entries_) {
                out << YAML::Key << key << YAML::Value;
                value.emit(out);
            }
            out << YAML::EndMap;
            break;
    }
    if (!comment_.empty()) {
        out << YAML::Comment(comment_);
    }
}

std::string Yaml::document() const {
    YAML::Emitter out;
    emit(out);
    return std::string(out.c_str()) + '\n';
}

} // namespace lbd::config::keepalived
