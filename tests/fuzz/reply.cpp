// SPDX-License-Identifier: BSD-3-Clause
// What lbctl shows of a reply, whoever sent it.
#include <array>

#include "input.h"
#include "target.h"
#include "tools/lbctl/client.h"
#include "tools/lbctl/explanation.h"
#include "tools/lbctl/fields.h"
#include "tools/lbctl/tables.h"

using namespace lbd;

namespace {

// Control characters would be the terminal's to obey: C0, DEL, and C1 in UTF-8.
void check_harmless(const std::string& shown) {
    for (std::size_t i = 0; i < shown.size(); ++i) {
        const auto byte = static_cast<unsigned char>(shown[i]);
        const auto next = static_cast<unsigned char>(shown[i + 1]); // at the end: the NUL
        fuzz::require((byte >= ' ' && byte != 0x7f) || byte == '\n', "no control character");
        fuzz::require(byte != 0xc2 || next < 0x80 || next >= 0xa0, "no C1 control character");
    }
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::array tables{
        lbctl::stats_table,       lbctl::services_table, lbctl::rate_table,
        lbctl::connections_table, lbctl::vrrp_table,     lbctl::sync_table,
        lbctl::health_table,      lbctl::reload_table,   lbctl::explanation_lines};
    fuzz::Input input(data, size);
    try {
        const auto whole = lbctl::read_reply(std::string(fuzz::text_of(input.rest())), "lbd.sock");
        const auto reply = lbctl::child(whole, "data");
        for (const auto table : tables) check_harmless(table(reply));
    } catch (const lbctl::Refused& refused) {
        check_harmless(lbctl::printable(refused.what()));
        for (const std::string& line : refused.details) check_harmless(lbctl::printable(line));
    } catch (const lbctl::Unreachable&) {
    }
    return 0;
}
