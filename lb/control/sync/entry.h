// SPDX-License-Identifier: BSD-3-Clause
// A flow or a binding on the wire. Backends go by their addresses, as slots are a director's own.
//
//   0  kind (bits 0-6: FlowState, 0: end of a pass; bit 7: repeated)   1  protocol
//   2  bit 0: IPv6 flow, bit 1: IPv6 backend   3  zero
//   4  remaining tenths of a second (4); of an end: the number of the pass, and nothing follows
//   8  client port (2), service port (2), client, virtual address, backend (4 or 16 each)
#pragma once

#include <optional>

#include "config/address.h"
#include "lb/control/sync/message.h"
#include "lb/dataplane/flow_event.h"

namespace lbd::control::sync {

constexpr std::size_t largest_entry = 12 + 3 * 16;

// `backend` is not asked for of the end of a pass.
void append_entry(Bytes& bytes, const dataplane::FlowEvent& event,
                  const config::IpAddress& backend);

struct Entry {
    dataplane::FlowEvent event; // its slot is to be found yet
    config::IpAddress backend;
};
// The next one; nothing if it is malformed.
std::optional<Entry> read_entry(Reader& reader);

} // namespace lbd::control::sync
