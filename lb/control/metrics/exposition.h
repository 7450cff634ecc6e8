// SPDX-License-Identifier: BSD-3-Clause
// Prometheus's text format, version 0.0.4. All samples of a family follow it directly.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace lbd::control::metrics {

enum class Type { counter, gauge };

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// As they stand behind a name, escaped; empty if there are none.
std::string text_of(Labels labels);

class Exposition {
  public:
    static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

    void family(std::string_view name, Type type, std::string_view help);
    // Of the last family. `labels` is what text_of() has made.
    void sample(std::string_view labels, std::uint64_t value);
    void sample(std::string_view labels, double value);

    std::string take() { return std::move(text_); }

  private:
    template <class Number>
    void append(std::string_view labels, Number value);

    std::string name_;
    std::string text_;
};

} // namespace lbd::control::metrics
