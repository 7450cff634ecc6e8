// SPDX-License-Identifier: BSD-3-Clause
// Whether a name server answers a query (RFC 1035). Messages are made and read by the C library's
// resolver.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "health/attempt.h"

namespace lbd::health {

// A query with `id`. Empty if the name is none or the type is not known: "A", "AAAA", "SOA" ...
std::vector<std::uint8_t> dns_query(const std::string& name, const std::string& type,
                                    std::uint16_t id);
// Why the answer to the query of that id is none, or empty; nothing: it is to another query.
std::optional<std::string> dns_fault(std::span<const std::uint8_t> answer, std::uint16_t id);

std::unique_ptr<Attempt> dns_attempt(boost::asio::io_context& io, const Probe& probe);

} // namespace lbd::health
