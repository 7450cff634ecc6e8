// SPDX-License-Identifier: BSD-3-Clause
// The configuration's addresses as Asio's.
#pragma once

#include <boost/asio/ip/address.hpp>

#include "config/address.h"

namespace lbd::control {

inline boost::asio::ip::address to_asio(const config::IpAddress& address) {
    if (address.family == config::IpAddress::Family::v6)
        return boost::asio::ip::address_v6(address.bytes);
    return boost::asio::ip::address_v4(boost::asio::ip::address_v4::bytes_type{
        address.bytes[0], address.bytes[1], address.bytes[2], address.bytes[3]});
}

} // namespace lbd::control
