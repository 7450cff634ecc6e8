// SPDX-License-Identifier: BSD-3-Clause
#include "config/reference.h"

#include <string_view>

#include "config/schema.h"

namespace lbd::config {

namespace {

constexpr std::string_view introduction =
    R"(.TH LBD.YAML 5 "" "lbd" "File Formats"
.SH NAME
lbd.yaml \- configuration of the lbd load balancer
.SH DESCRIPTION
One YAML file describes a director: the devices it drives, the addresses it shares with other
directors by VRRP, and the services whose connections it hands to backends by Direct Routing or through
tunnels.
.PP
Every error of the file is reported, as file:line:column, with what was found and what is allowed;
a file with an error is not used at all, neither at start nor on reload.
Unknown keys and keys given twice are errors.
YAML's anchors and aliases may be used.
.PP
Durations are numbers with a unit, ms, s, m, h or d; without a unit they are seconds.
Booleans are true or false; yes, no, on and off are understood too.
)";

constexpr std::string_view example = R"(.SH EXAMPLE
.nf
ports:
  \- device: 0000:3b:00.0
    addresses: [192.0.2.2/24]
vrrp:
  \- name: web
    vrid: 51
    virtual_addresses: [192.0.2.100]
services:
  \- name: web
    address: 192.0.2.100
    port: 80
    backends:
      \- {address: 192.0.2.11}
      \- {address: 192.0.2.12, weight: 2}
.fi
.SH SEE ALSO
.BR lbd (8),
.BR lbctl (1),
.BR lbd\-guide (7),
.BR lbd\-security (7),
.BR keepalived.conf (5)
)";

// roff: a hyphen-minus and a backslash are spelled, and a line must not begin with a control
// character.
std::string escaped_for_roff(std::string_view text) {
    std::string result;
    if (!text.empty() && (text.front() == '.' || text.front() == '\'')) {
        result = "\\&";
    }
    for (const char character : text) {
        if (character == '\\') {
            result += "\\e";
        } else if (character == '-') {
            result += "\\-";
        } else {
            result += character;
        }
    }
    return result;
}

std::string requirement(const Field& field) {
    if (field.required) {
        return field.unless.empty() ? "required" : "required without " + field.unless;
    }
    if (!field.fallback.empty()) {
        return "default " + field.fallback;
    }
    return field.fallback_words.empty() ? "optional" : "default: " + field.fallback_words;
}

std::string kind(const Field& field, const std::string& path) {
    switch (field.shape) {
        case Field::Shape::value:
            return field.type->allowed + "; " + requirement(field);
        case Field::Shape::values:
            return "a list, each " + field.type->allowed + "; " + requirement(field);
        case Field::Shape::section:
            return "a section, see " + path;
        case Field::Shape::overrides:
            return "a section with keys of " + field.key;
        case Field::Shape::overriding:
            return "a list of sections with the keys of health";
        case Field::Shape::sections:
            break;
    }
    return std::string(field.required ? "a list of at least one section" : "a list of sections") +
           ", see " + path;
}

void write_section(const Section& section, const std::string& path, std::string& page) {
    page += ".SS " + (path.empty() ? "Top level" : escaped_for_roff(path)) + '\n';
    if (!section.documentation.empty()) {
        page += escaped_for_roff(section.documentation) + '\n';
    }
    const auto inner_path = [&](const Field& field) {
        return (path.empty() ? "" : path + '.') + field.key +
               (field.shape == Field::Shape::sections ? "[]" : "");
    };
    for (const auto& field : section.fields) {
        page += ".TP\n.B " + escaped_for_roff(field.key) + '\n';
        page += escaped_for_roff(field.documentation) + "\n.br\n";
        page += "(" + escaped_for_roff(kind(field, inner_path(field))) + ")\n";
    }
    for (const auto& field : section.fields) {
        if (field.shape == Field::Shape::section || field.shape == Field::Shape::sections) {
            write_section(*field.section, inner_path(field), page);
        }
    }
}

} // namespace

std::string reference() {
    std::string page = R"(.\" SPDX-License-Identifier: BSD-3-Clause)";
    page += '\n';
    page += introduction;
    page += ".SH KEYS\n";
    write_section(schema(), "", page);
    page += example;
    return page;
}

} // namespace lbd::config
