// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/notify/digest.h"

#include <string_view>

namespace lbd::control::notify {

using config::Occasion;

namespace {

// Of local time; the C locale's names, as lbd sets no other.
std::string time_text(std::time_t time, const char* format) {
    tm broken{};
    localtime_r(&time, &broken);
    char text[64];
    return {text, std::strftime(text, sizeof(text), format, &broken)};
}

struct Words {
    Occasion occasion;
    std::string_view one;
    std::string_view several;
};

// What matters most comes first.
constexpr std::array<Words, config::occasion_words.size()> summary{
    {{Occasion::quorum_lost, "service lost its quorum", "services lost their quorum"},
     {Occasion::down, "backend down", "backends down"},
     {Occasion::fault, "instance in fault", "instances in fault"},
     {Occasion::master, "instance master", "instances master"},
     {Occasion::backup, "instance backup", "instances backup"},
     {Occasion::stop, "instance stopped", "instances stopped"},
     {Occasion::quorum_regained, "service regained its quorum", "services regained their quorum"},
     {Occasion::up, "backend up", "backends up"}}};

} // namespace

void Digest::add(const Event& event) {
    if (events_++ == 0) first_ = plain(title(event));
    ++counts_[static_cast<std::size_t>(event.occasion)];
    if (lines_.size() < most_lines) lines_.push_back(time_text(event.when, "%F %T ") + line(event));
}

std::string Digest::subject() const {
    if (events_ == 1) return first_;
    std::string text = std::to_string(events_) + " changes";
    const char* separator = ": ";
    for (const Words& words : summary) {
        const std::size_t count = counts_[static_cast<std::size_t>(words.occasion)];
        if (count == 0) continue;
        text += separator + std::to_string(count) + ' ';
        text += count == 1 ? words.one : words.several;
        separator = ", ";
    }
    return text;
}

std::string Digest::body() const {
    std::string text;
    for (const std::string& line : lines_) text += line + "\r\n";
    if (events_ > lines_.size())
        text += "and " + std::to_string(events_ - lines_.size()) + " more\r\n";
    return text;
}

std::string mail_text(const Envelope& envelope, const Digest& digest, std::time_t now,
                      const std::string& id) {
    const std::string host = plain(envelope.host);
    std::string text = "Date: " + time_text(now, "%a, %d %b %Y %T %z") + "\r\n";
    text += "From: <" + envelope.from + ">\r\nTo: ";
    for (std::size_t index = 0; index < envelope.to.size(); ++index)
        text += (index == 0 ? "<" : ",\r\n <") + envelope.to[index] + '>';
    text += "\r\nSubject: [" + host + '/' + plain(envelope.name) + "] " + digest.subject();
    text += "\r\nMessage-ID: <" + id + '@' + host + ">\r\n";
    // RFC 3834: nobody's absence is reported to it.
    text += "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n";
    text += "Content-Type: text/plain; charset=us-ascii\r\n\r\n";
    return text + digest.body();
}

} // namespace lbd::control::notify
