// SPDX-License-Identifier: BSD-3-Clause
#include "health/tcp_connect.h"

namespace lbd::health {

using boost::system::error_code;

void TcpConnect::begin() {
    const boost::asio::ip::tcp::endpoint target(probe().address, probe().port);
    if (const error_code error = open(target)) return finish_later(error);
    socket().async_connect(target, [this, alive = life()](const error_code& result) {
        if (result == boost::asio::error::operation_aborted || alive.expired()) return;
        if (result)
            finish(result);
        else
            finish(Result::Kind::success, "connected");
    });
}

} // namespace lbd::health
