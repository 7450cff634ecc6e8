// SPDX-License-Identifier: BSD-3-Clause
#include "config/types.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace lbd::config {

namespace {

struct Unit {
    std::string_view name;
    std::int64_t milliseconds;
};
constexpr std::array<Unit, 5> units{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

// Decimal digits only, at most nine of them, so that nothing computed from them overflows.
std::optional<std::int64_t> parse_digits(std::string_view text) {
    std::int64_t value = 0;
    if (text.empty() || text.size() > 9 || !std::all_of(text.begin(), text.end(), is_digit)) {
        return std::nullopt;
    }
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

// In milliseconds; nothing if it is none or not a whole number of milliseconds.
std::optional<Milliseconds> parse_duration(std::string_view text) {
    const auto unit_start = std::min(text.find_first_not_of("0123456789."), text.size());
    auto unit_name = text.substr(unit_start);
    if (unit_name.empty()) {
        unit_name = "s";
    }
    const auto* unit = std::find_if(units.begin(), units.end(),
                                    [&](const Unit& each) { return each.name == unit_name; });
    const auto amount = text.substr(0, unit_start);
    const auto point = amount.find('.');
    const auto whole = parse_digits(amount.substr(0, point));
    if (unit == units.end() || !whole) {
        return std::nullopt;
    }
    std::int64_t part = 0;
    if (point != std::string_view::npos) {
        const auto digits = amount.substr(point + 1);
        const auto fraction = parse_digits(digits);
        std::int64_t denominator = 1;
        for (std::size_t i = 0; i < std::min<std::size_t>(digits.size(), 9); ++i) {
            denominator *= 10;
        }
        if (!fraction || *fraction * unit->milliseconds % denominator != 0) {
            return std::nullopt;
        }
        part = *fraction * unit->milliseconds / denominator;
    }
    return Milliseconds(*whole * unit->milliseconds + part);
}

// What sysfs and EAL call a PCI function: domain:bus:device.function, the domain optional.
bool is_pci_address(std::string_view text) {
    constexpr std::string_view shape = "hhhh:hh:hh.o";
    constexpr std::size_t domain = 5;
    const auto wanted = text.size() + domain == shape.size() ? shape.substr(domain) : shape;
    const auto matches = [](char character, char kind) {
        const bool hex = is_digit(character) || (character >= 'a' && character <= 'f') ||
                         (character >= 'A' && character <= 'F');
        return kind == 'h'   ? hex
               : kind == 'o' ? character >= '0' && character <= '7'
                             : character == kind;
    };
    return text.size() == wanted.size() &&
           std::equal(text.begin(), text.end(), wanted.begin(), matches);
}

bool is_printable(char character) {
    return character > ' ' && character <= '~';
}

std::optional<Device> parse_device(std::string_view text) {
    if (is_pci_address(text)) {
        return Device{.kind = Device::Kind::pci, .name = std::string(text)};
    }
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || colon + 1 == text.size() ||
        !std::all_of(text.begin(), text.end(), is_printable)) {
        return std::nullopt;
    }
    const auto driver = text.substr(0, colon);
    const std::string name(text.substr(colon + 1));
    // Linux: IFNAMSIZ 16 with its NUL. A comma would start another argument of the driver.
    const bool interface = name.size() <= 15 && name.find_first_of("/,:") == std::string::npos;
    if (driver == "af_xdp" && interface) {
        return Device{.kind = Device::Kind::af_xdp, .name = name};
    }
    if (driver == "af_packet" && interface) {
        return Device{.kind = Device::Kind::af_packet, .name = name};
    }
    if (driver == "vdev") {
        return Device{.kind = Device::Kind::vdev, .name = name};
    }
    return std::nullopt;
}

template <class Parsed>
std::optional<Value> as_value(std::optional<Parsed> parsed) {
    return parsed ? std::optional<Value>(std::move(*parsed)) : std::nullopt;
}

} // namespace

Type boolean() {
    return {.allowed = "true or false", .parse = [](std::string_view text) -> std::optional<Value> {
                if (text == "true" || text == "yes" || text == "on") {
                    return true;
                }
                return text == "false" || text == "no" || text == "off"
                           ? std::optional<Value>(false)
                           : std::nullopt;
            }};
}

Type number(std::uint64_t least, std::uint64_t most) {
    return {.allowed = std::to_string(least) + ".." + std::to_string(most),
            .parse = [=](std::string_view text) -> std::optional<Value> {
                std::uint64_t value = 0;
                const auto* last = text.data() + text.size();
                const auto [end, error] = std::from_chars(text.data(), last, value);
                if (error != std::errc{} || end != last || value < least || value > most) {
                    return std::nullopt;
                }
                return value;
            }};
}

Type duration(Milliseconds least, Milliseconds most, Milliseconds step) {
    std::string allowed = duration_text(least) + ".." + duration_text(most);
    allowed += step >= Seconds{1} ? " in whole seconds (30, 30s, 5m, 1h)" : " (0.5, 500ms, 2s, 1m)";
    return {.allowed = allowed, .parse = [=](std::string_view text) -> std::optional<Value> {
                const auto value = parse_duration(text);
                if (!value || *value < least || *value > most || *value % step != Milliseconds{0}) {
                    return std::nullopt;
                }
                return *value;
            }};
}

Type word(std::vector<std::string> words) {
    std::string allowed;
    for (std::size_t i = 0; i < words.size(); ++i) {
        allowed += i == 0 ? "" : i + 1 == words.size() ? " or " : ", ";
        allowed += words[i];
    }
    return {.allowed = allowed,
            .parse = [words = std::move(words)](std::string_view text) -> std::optional<Value> {
                if (std::find(words.begin(), words.end(), text) == words.end()) {
                    return std::nullopt;
                }
                return std::string(text);
            }};
}

Type text(std::string allowed, std::function<bool(std::string_view)> accepts) {
    return {.allowed = std::move(allowed),
            .parse = [accepts = std::move(accepts)](std::string_view text) -> std::optional<Value> {
                return accepts(text) ? std::optional<Value>(std::string(text)) : std::nullopt;
            }};
}

Type secret(const Type& word) {
    return {.allowed = word.allowed,
            .parse = [word](std::string_view text) -> std::optional<Value> {
                return word.parse(text) ? std::optional<Value>(Secret(text)) : std::nullopt;
            }};
}

Type ip_address() {
    return {.allowed = "an address such as 192.0.2.10 or 2001:db8::10",
            .parse = [](std::string_view text) { return as_value(IpAddress::parse(text)); }};
}

Type ip_address(IpAddress::Family family) {
    const bool v4 = family == IpAddress::Family::v4;
    return {.allowed = v4 ? "an IPv4 address such as 192.0.2.1" : "an IPv6 address such as fe80::1",
            .parse = [family](std::string_view text) {
                const auto address = IpAddress::parse(text);
                return address && address->family == family ? std::optional<Value>(*address)
                                                            : std::nullopt;
            }};
}

Type prefix() {
    return {.allowed = "an address with its prefix length such as 192.0.2.10/24 or 2001:db8::10/64",
            .parse = [](std::string_view text) { return as_value(Prefix::parse(text)); }};
}

Type port_or_any() {
    const auto port = number(1, 65'535);
    return {.allowed = port.allowed + " or any",
            .parse = [port](std::string_view text) -> std::optional<Value> {
                return text == "any" ? std::optional<Value>(std::uint64_t{0}) : port.parse(text);
            }};
}

Type mac_address() {
    return {.allowed = "a MAC address such as 02:00:5e:10:00:01",
            .parse = [](std::string_view text) { return as_value(MacAddress::parse(text)); }};
}

Type device() {
    return {.allowed =
                "a PCI address (0000:3b:00.0), af_xdp:<interface>, af_packet:<interface> or "
                "vdev:<driver,arguments>",
            .parse = [](std::string_view text) { return as_value(parse_device(text)); }};
}

std::string duration_text(Milliseconds duration) {
    for (const auto& unit : units) {
        if (duration.count() != 0 && duration.count() % unit.milliseconds == 0) {
            return std::to_string(duration.count() / unit.milliseconds) + std::string(unit.name);
        }
    }
    return "0s";
}

} // namespace lbd::config
