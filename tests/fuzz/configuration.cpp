// SPDX-License-Identifier: BSD-3-Clause
// Any text is a configuration, or is refused with places in it.
#include "config/load.h"
#include "config/warnings.h"
#include "input.h"
#include "target.h"

using namespace lbd;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    try {
        const config::Config config = config::load_text(fuzz::text_of(input.rest()), "lbd.yaml");
        fuzz::require(!config.ports.empty(), "a configuration has a port");
    } catch (const config::Errors& errors) {
        fuzz::require(!errors.list().empty(), "a refusal says why");
        for (const char* c = errors.what(); *c != 0; ++c)
            fuzz::require(*c == '\n' || static_cast<unsigned char>(*c) >= ' ',
                          "no control character is shown");
    }
    return 0;
}
