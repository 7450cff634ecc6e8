// SPDX-License-Identifier: BSD-3-Clause
#include "health/probe.h"

#include <sstream>

namespace lbd::health {

std::string text_of(const boost::asio::ip::address& address) {
    std::ostringstream text;
    if (address.is_v6())
        text << '[' << address << ']';
    else
        text << address;
    return text.str();
}

std::string text_of(const Probe& probe) {
    const std::string port = probe.port == 0 ? "" : ':' + std::to_string(probe.port);
    return text_of(probe.address) + port;
}

} // namespace lbd::health
