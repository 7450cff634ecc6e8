// SPDX-License-Identifier: BSD-3-Clause
#include "config/schema.h"

#include <functional>
#include <set>

#include "config/nearest.h"
#include "config/reference.h"
#include "tests/unit/catch.h"

using namespace lbd::config;

namespace {

void for_each_field(const Section& section, const std::function<void(const Field&)>& visit) {
    for (const auto& field : section.fields) {
        visit(field);
        if (field.section != nullptr) {
            for_each_field(*field.section, visit);
        }
    }
}

} // namespace

TEST_CASE("every default is a value that its key allows") {
    for_each_field(schema(), [](const Field& field) {
        INFO(field.key);
        CHECK((field.fallback.empty() || field.type->parse(field.fallback)));
        CHECK_FALSE((field.required && !field.fallback.empty()));
    });
}

TEST_CASE("every key is documented and either a value or a section") {
    for_each_field(schema(), [](const Field& field) {
        INFO(field.key);
        CHECK(field.documentation.size() > 3);
        CHECK(field.type.has_value() == (field.section == nullptr));
    });
}

TEST_CASE("no section has a key twice") {
    const std::function<void(const Section&)> visit = [&](const Section& section) {
        const auto keys = section.keys();
        CHECK(std::set<std::string>(keys.begin(), keys.end()).size() == keys.size());
        for (const auto& field : section.fields) {
            if (field.section != nullptr) {
                visit(*field.section);
            }
        }
    };
    visit(schema());
}

TEST_CASE("the manual page has every key, and no line that roff would take for a request") {
    const auto page = reference();
    for_each_field(schema(), [&](const Field& field) {
        CHECK(page.find("\n.B " + field.key + '\n') != std::string::npos);
    });
    const std::set<std::string> requests{".TH", ".SH", ".SS", ".TP", ".B",   ".BR",
                                         ".br", ".PP", ".nf", ".fi", ".\\\""};
    for (std::size_t line = 0; line < page.size(); line = page.find('\n', line) + 1) {
        if (page[line] == '.') {
            CHECK(requests.contains(page.substr(line, page.find_first_of(" \n", line) - line)));
        }
        CHECK(page[line] != '\'');
    }
}

TEST_CASE("a slip of the finger finds the word that was meant") {
    const std::vector<std::string> keys{"address", "port", "protocol", "scheduler", "backends"};
    CHECK(nearest("adress", keys) == "address");
    CHECK(nearest("prot", keys) == "port");
    CHECK(nearest("backend", keys) == "backends");
    CHECK(nearest("sheduler", keys) == "scheduler");
    CHECK_FALSE(nearest("virtual_server", keys));
    CHECK_FALSE(nearest(std::string(100'000, 'a'), keys));
    CHECK_FALSE(nearest("x", {}));
}
