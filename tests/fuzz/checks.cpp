// SPDX-License-Identifier: BSD-3-Clause
// What backends answer to health checks. The first byte says to which.
#include <algorithm>

#include "health/dns.h"
#include "health/frames.h"
#include "health/page_judge.h"
#include "health/ping.h"
#include "health/smtp_replies.h"
#include "input.h"
#include "target.h"

using namespace lbd;

namespace {

void judge_page(fuzz::Input& input) {
    health::Page page;
    const std::uint8_t kind = input.byte();
    const unsigned status = input.two();
    if ((kind & 1) != 0) page.statuses = {{status / 2, status}};
    if ((kind & 2) != 0) page.digest = std::string((kind & 4) != 0 ? 32 : 64, 'a');
    // The expression is the operator's, and has been compiled once already.
    if ((kind & 8) != 0) page.match = "(?i)<title>(welcome|[a-z]+ of .*)</title>|x{2,40}y$";
    const auto fault = health::page_fault(page, status, fuzz::text_of(input.rest()));
    const bool wanted = (kind & 1) != 0 || (status >= 200 && status <= 299);
    fuzz::require(wanted || !fault.empty(), "another status is a fault");
    fuzz::require(page.digest.empty() || !fault.empty(), "a digest that nothing has is a fault");
}

void judge_dns(fuzz::Input& input) {
    constexpr std::uint16_t id = 0x4c42;
    const auto answer = input.rest();
    const auto fault = health::dns_fault(answer, id);
    const bool ours = answer.size() >= 12 && answer[0] == 0x4c && answer[1] == 0x42 &&
                      (answer[2] & 0x80) != 0 && (answer[3] & 0x0f) == 0;
    fuzz::require(!fault || !fault->empty() || ours, "only an answer to the query is well");
}

void judge_smtp(fuzz::Input& input) {
    health::SmtpReplies replies;
    while (!input.empty()) {
        replies.add(fuzz::text_of(input.take(1U + input.byte())));
        while (const auto line = replies.next())
            fuzz::require(line->find_first_of("\r\n") == std::string::npos, "a reply is a line");
        if (replies.endless()) return;
    }
}

void judge_frame(fuzz::Input& input) {
    const auto frame = input.rest();
    const auto heard = health::heard_in(frame);
    if (!heard) return;
    fuzz::require(std::equal(heard->from.begin(), heard->from.end(), frame.begin() + 6),
                  "who is heard is who sent it");
}

void judge_ping(fuzz::Input& input) {
    constexpr std::uint64_t cookie = 0x6c62642d70696e67;
    const bool v4 = (input.byte() & 1) != 0;
    const auto packet = input.rest();
    if (health::is_echo_reply(packet, v4, cookie))
        fuzz::require(packet.size() >= 16, "a reply has room for the cookie");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::array judges{judge_page, judge_dns, judge_smtp, judge_frame, judge_ping};
    fuzz::Input input(data, size);
    judges[input.byte() % judges.size()](input);
    return 0;
}
