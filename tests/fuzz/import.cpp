// SPDX-License-Identifier: BSD-3-Clause
// Any keepalived.conf, or output of `ipvsadm -S -n`, becomes a configuration or is malformed. What
// is said to be complete loads. No file is read.
#include "config/keepalived/import.h"
#include "config/load.h"
#include "input.h"
#include "target.h"

using namespace lbd;

namespace {

config::keepalived::Options director() {
    config::keepalived::Options options{.config_id = "director", .host = "director.example"};
    options.addresses["eth0"] = {*config::Prefix::parse("192.0.2.2/24"),
                                 *config::Prefix::parse("2001:db8::2/64")};
    options.find_program = [](const std::string& name) { return "/usr/bin/" + name; };
    options.includes = false;
    return options;
}

// A complete import that does not load would be found only when the old director is off already.
void check_complete(const std::string& yaml) {
    try {
        config::load_text(yaml, "imported.yaml");
    } catch (const config::Errors& errors) {
        std::fprintf(stderr, "%s\n%s", errors.what(), yaml.c_str());
        fuzz::require(false, "what is imported completely loads");
    }
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto options = director();
    fuzz::Input input(data, size);
    try {
        const auto imported = config::keepalived::import_text(fuzz::text_of(input.rest()),
                                                              "keepalived.conf", options);
        fuzz::require(imported.complete == imported.reports.empty(),
                      "what is not complete says why");
        if (imported.complete) check_complete(imported.yaml);
    } catch (const config::keepalived::Malformed&) {
    }
    return 0;
}
