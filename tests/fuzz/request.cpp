// SPDX-License-Identifier: BSD-3-Clause
// A line on the control socket, as far as the running daemon is not asked.
#include "lb/control/request.h"

#include "input.h"
#include "lb/control/explain_request.h"
#include "target.h"

using namespace lbd;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const auto parsed = control::parse_request(fuzz::text_of(input.rest()));
    if (const auto* refusal = std::get_if<control::Refusal>(&parsed)) {
        fuzz::require(!refusal->reason.empty(), "a refusal says why");
        return 0;
    }
    const auto& request = std::get<boost::json::object>(parsed);
    control::text_in(request, "command");
    const std::size_t limit = control::limit_in(request);
    fuzz::require(limit >= 1 && limit <= 100'000, "the number of connections is bounded");
    const auto backend = control::backend_request(request);
    if (const auto* wanted = std::get_if<control::BackendRequest>(&backend)) {
        fuzz::require(wanted->weight.value_or(0) <= 65'535, "a weight is in its range");
        fuzz::require(!wanted->action.empty(), "an action is one");
        fuzz::require(config::IpAddress::parse(wanted->address.text()) == wanted->address,
                      "an address reads as it is shown");
    }
    const auto explain = control::explain_request(request);
    if (const auto* asked = std::get_if<control::ExplainRequest>(&explain)) {
        fuzz::require(asked->source.address.family == asked->destination.address.family,
                      "a flow is of one IP version");
        fuzz::require(
            asked->destination.port.has_value() == (asked->transport != control::Transport::icmp),
            "what has ports has one");
    } else {
        fuzz::require(std::get<control::Refusal>(explain).reason.size() < 300,
                      "a refusal is no longer than it takes");
    }
    return 0;
}
