// SPDX-License-Identifier: BSD-3-Clause
#include "config/errors.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace lbd::config {

namespace {

constexpr std::size_t most_errors = 500;
constexpr std::size_t most_characters = 60;

bool comes_before(const Error& left, const Error& right) {
    return std::tie(left.place.line, left.place.column) <
           std::tie(right.place.line, right.place.column);
}

} // namespace

std::string Error::text() const {
    std::string text = file + ':';
    if (place.line > 0) {
        text += std::to_string(place.line) + ':' + std::to_string(place.column) + ':';
    }
    text += ' ';
    if (!path.empty()) {
        text += path + ": ";
    }
    return text + (message.empty() ? "found " + found + ", allowed: " + allowed : message);
}

Errors::Errors(std::vector<Error> errors) : errors_(std::move(errors)) {
    for (const auto& error : errors_) {
        if (!text_.empty()) {
            text_ += '\n';
        }
        text_ += error.text();
    }
}

void ErrorList::not_allowed(Place place, std::string path, std::string found, std::string allowed) {
    add({.file = file_,
         .place = place,
         .path = std::move(path),
         .found = std::move(found),
         .allowed = std::move(allowed),
         .message = {}});
}

void ErrorList::say(Place place, std::string path, std::string message) {
    add({.file = file_,
         .place = place,
         .path = std::move(path),
         .found = {},
         .allowed = {},
         .message = std::move(message)});
}

void ErrorList::add(Error error) {
    if (errors_.size() < most_errors) {
        errors_.push_back(std::move(error));
    } else {
        ++left_out_;
    }
}

void ErrorList::throw_if_any() {
    if (errors_.empty()) {
        return;
    }
    std::stable_sort(errors_.begin(), errors_.end(), comes_before);
    if (left_out_ > 0) {
        errors_.push_back({.file = file_,
                           .place = {},
                           .path = {},
                           .found = {},
                           .allowed = {},
                           .message = "and " + std::to_string(left_out_) + " more errors"});
    }
    throw Errors(std::move(errors_));
}

std::string in_quotes(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string result = "'";
    for (const char character : text.substr(0, most_characters)) {
        const auto byte = static_cast<unsigned char>(character);
        if (byte < 0x20 || byte == 0x7f) {
            result += "\\x";
            result += digits[byte >> 4U];
            result += digits[byte & 15U];
        } else {
            result += character;
        }
    }
    return result + (text.size() > most_characters ? "...'" : "'");
}

std::string key_in_quotes(std::string_view text) {
    const auto colon = text.find(':');
    return colon == std::string_view::npos
               ? in_quotes(text)
               : in_quotes(text.substr(0, colon + 1)) + " (a blank is missing after the colon)";
}

} // namespace lbd::config
