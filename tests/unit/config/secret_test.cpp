// SPDX-License-Identifier: BSD-3-Clause
#include "config/secret.h"

#include <concepts>
#include <string>

#include "config/schema.h"
#include "mistakes.h"

using namespace lbd::config;

namespace {

template <class Type>
concept Streamed = requires(std::ostream& out, const Type& value) {
    out << value;
};

// Of the sections, fields and types that a configuration consists of.
template <class Visit>
void for_each_value(const Section& section, const Visit& visit) {
    for (const auto& field : section.fields) {
        if (field.section != nullptr) {
            for_each_value(*field.section, visit);
        } else {
            visit(field);
        }
    }
}

} // namespace

TEST_CASE("a secret becomes text only where that is said") {
    STATIC_REQUIRE(Streamed<std::string>);
    STATIC_REQUIRE_FALSE(Streamed<Secret>);
    STATIC_REQUIRE_FALSE(std::convertible_to<Secret, std::string>);
    STATIC_REQUIRE_FALSE(std::convertible_to<Secret, std::string_view>);
    CHECK(Secret("hunter2").reveal() == "hunter2");
    CHECK(Secret("hunter2") == Secret("hunter2"));
    CHECK_FALSE(Secret("hunter2") == Secret("hunter3"));
}

TEST_CASE("copies of a secret share one memory, so that one place is wiped") {
    const Secret first("hunter2");
    const Secret second = first; // NOLINT(performance-unnecessary-copy-initialization)
    CHECK(first.reveal().data() == second.reveal().data());
}

TEST_CASE("a key that says it is secret is read as a secret, and no other") {
    unsigned secrets = 0;
    for_each_value(schema(), [&](const Field& field) {
        INFO(field.key);
        const auto value = field.type->parse("0123456789abcdef");
        const auto short_one = field.type->parse("hunter2");
        const auto is_secret = [](const std::optional<Value>& read) {
            return read && std::holds_alternative<Secret>(*read);
        };
        CHECK((is_secret(value) || is_secret(short_one)) == field.secret);
        secrets += field.secret ? 1 : 0;
    });
    CHECK(secrets == 2); // vrrp[].password, sync.key
}

TEST_CASE("no error repeats a secret") {
    const std::vector<std::string> mistakes{
        router("version: 2, password: hunter2hunter2"),
        router("version: 3, password: hunter2"),
        router("version: 2, password: [hunter2, x]"),
        router("version: 2, password: {hunter2: x}"),
        router("version: 2, pasword: hunter2"),
        router("version: 2, password:hunter2"),
        router("version: 2, password:hunter2, password:hunter2"),
        router("version: 2, password: 'hunter2"),
        "vrrp:\n  - {name: v, vrid: 1, virtual_addresses: [10.0.0.100], version: 2,\n"
        "     password: hunter2: x}\n",
        "vrrp: password:hunter2",
        "sync: key:hunter2",
        "sync: {key: hunter2, peers: [10.0.0.3]}",
        "sync: {key: hunter2-and-many-more, key: hunter2-and-many-more}",
        "sync:\n  key: hunter2\n    rate: 5\n",
        "sync:\n  key: \"hunter2\\q\"\n",
        "sync:\n\tkey: hunter2\n",
    };
    for (const auto& mistake : mistakes) {
        INFO(mistake);
        const auto errors = errors_of(port + mistake);
        CHECK(errors != "no error");
        CHECK(errors.find("hunter") == std::string::npos);
    }
}

TEST_CASE("a blank that is missing after a key's colon is named") {
    check({
        {"sync: {key:0123456789abcdef}",
         "f:4:8: sync: unknown key 'key:' (a blank is missing after the colon); did you mean "
         "'key'?"},
        {"sync: key:0123456789abcdef",
         "f:4:7: sync: found 'key:' (a blank is missing after the colon), allowed: a section with "
         "peers, multicast, address, udp_port, key, rate"},
    });
}
